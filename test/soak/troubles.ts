import type { Misbehaviour, Wishlist } from "../../sandbox/fetta/index.ts";
import type { FaultKind } from "../../sandbox/telegram/types.ts";
import type { World } from "../e2e/world.ts";

const SITE_TROUBLES: Misbehaviour[] = ["down", "500", "cut-off", "truncated", "garbage", "hang", { status: 503 }];
const TELEGRAM_TROUBLES: FaultKind[] = [
  { kind: "error", code: 429, description: "Too Many Requests: retry after 2", parameters: { retry_after: 2 } },
  { kind: "html", status: 502 },
  { kind: "error", code: 500, description: "Internal Server Error" },
  { kind: "reset" },
  { kind: "accept-then-reset" },
];
const TROUBLED = 0.05;

export const pick = <T>(of: readonly T[]): T => of[Math.floor(Math.random() * of.length)] as T;

/** Another twentieth of the streamers cannot be read, every half a minute. */
export function troubleSite({ fetta }: World, lists: Wishlist[]) {
  let recover: (() => void)[] = [];
  const heal = () => {
    for (const end of recover) end();
  };
  const trouble = () => {
    heal();
    const count = Math.round(lists.length * TROUBLED);
    recover = Array.from({ length: count }, () => fetta.misbehave(pick(SITE_TROUBLES), pick(lists)));
  };
  trouble();
  const timer = setInterval(trouble, 30_000);
  return () => {
    clearInterval(timer);
    heal();
  };
}

/** A twentieth of what goes to Telegram fails, or gets no answer. */
export function troubleTelegram({ telegram }: World) {
  const each = TROUBLED / TELEGRAM_TROUBLES.length;
  const heal = TELEGRAM_TROUBLES.map((kind) =>
    telegram.fault({ when: ({ method }) => method !== "getUpdates" && Math.random() < each, do: kind }),
  );
  return () => {
    for (const end of heal) end();
  };
}
