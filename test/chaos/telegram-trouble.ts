import type { Telegram } from "../../sandbox/telegram/telegram.ts";
import type { FaultKind } from "../../sandbox/telegram/types.ts";
import { type Chance, createChance } from "./random.ts";

/** In a thousand: 10 % 429, 5 % 502 as a page and as JSON, 5 % accepted without a usable answer, 1 % reset. */
const FATES = {
  fine: 790,
  wait1: 25,
  wait2: 25,
  wait3: 25,
  wait4: 25,
  page502: 25,
  json502: 25,
  cut: 25,
  silent: 25,
  reset: 10,
};

type FateName = keyof typeof FATES;

const KINDS: Record<Exclude<FateName, "fine">, FaultKind> = {
  wait1: refusal(1),
  wait2: refusal(2),
  wait3: refusal(3),
  wait4: refusal(4),
  page502: { kind: "html", status: 502 },
  json502: { kind: "error", code: 502, description: "Bad Gateway" },
  cut: { kind: "cut" },
  silent: { kind: "accept-then-reset" },
  reset: { kind: "reset" },
};

function refusal(seconds: number): FaultKind {
  const description = `Too Many Requests: retry after ${seconds}`;
  return { kind: "error", code: 429, description, parameters: { retry_after: seconds } };
}

export type TelegramTrouble = ReturnType<typeof createTelegramTrouble>;

/** Lets what the bot writes go wrong. The n-th message to a chat meets the same fate in every run of a seed. */
export function createTelegramTrouble(telegram: Pick<Telegram, "fault">, seed: number, firstLane: number) {
  const chances = new Map<number, Chance>();
  const fates = new WeakMap<object, FateName>();
  const counts = { refused: 0, gateway: 0, unanswered: 0, reset: 0 };
  let lifts: (() => void)[] = [];

  function draw(call: object & { chatId?: number | undefined }): FateName {
    const known = fates.get(call);
    if (known !== undefined) return known;
    const { chatId = 0 } = call;
    const chance = chances.get(chatId) ?? createChance(seed, firstLane + chances.size);
    chances.set(chatId, chance);
    const fate = chance.weighted(FATES);
    fates.set(call, fate);
    if (fate.startsWith("wait")) counts.refused++;
    else if (fate === "page502" || fate === "json502") counts.gateway++;
    else if (fate === "cut" || fate === "silent") counts.unanswered++;
    else if (fate === "reset") counts.reset++;
    return fate;
  }

  return {
    counts,
    begin() {
      lifts = Object.entries(KINDS).map(([name, kind]) =>
        telegram.fault({
          when: (call) => (call.method === "sendMessage" || call.method === "editMessageText") && draw(call) === name,
          do: kind,
        }),
      );
    },
    end() {
      for (const lift of lifts) lift();
    },
    /** What we did to a request. */
    fateOf(call: object): { isUnanswered: boolean; retryAfterMs?: number } {
      const fate = fates.get(call);
      const isUnanswered = fate === "cut" || fate === "silent";
      return fate?.startsWith("wait")
        ? { isUnanswered, retryAfterMs: Number(fate.slice("wait".length)) * 1_000 }
        : { isUnanswered };
    },
  };
}
