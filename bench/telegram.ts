/** The simulated Telegram, which enforces its limits. A program for startCompanion(); asked for its arrivals, it tells them. */
import { startTelegram } from "../sandbox/telegram/telegram.ts";
import { accompany, companionOptions } from "./companion.ts";

export type BenchTelegramOptions = {
  people: number;
  groups: number;
  /** What it takes overall in a second; more is a 429, as is more than one a second to a person, or 20 a minute to a group. */
  overallPerSecond: number;
  /** How long each answer takes. */
  latencyMs: number;
};

export type BenchTelegram = { url: string; token: string; people: number[]; groups: number[] };

/** When each request to send came, whether it was taken, and for whom; in ms of the machine's clock. */
export type Arrival = [at: number, taken: boolean, chatId: number];

const options = companionOptions<BenchTelegramOptions>();
const { overallPerSecond, latencyMs } = options;
const telegram = await startTelegram({ enforceLimits: true, limits: { overallPerSecond } });
const { url, token } = telegram;
if (latencyMs > 0) telegram.fault({ when: () => true, do: { kind: "delay", ms: latencyMs } });

const people = Array.from({ length: options.people }, () => telegram.person());
for (const person of people) telegram.say("/start", { from: person });
const groups = Array.from({ length: options.groups }, () => telegram.group());
const idOf = ({ id }: { id: number }) => id;

const arrivals: Arrival[] = [];
telegram.onChange((change) => {
  if (change.kind !== "answered" || change.call.method !== "sendMessage") return;
  const { at, code, chatId = 0 } = change.call;
  arrivals.push([at, code === 200, chatId]);
  telegram.calls.length = 0;
});

accompany<BenchTelegram>(
  { url, token, people: people.map(idOf), groups: groups.map(idOf) },
  { arrivals: () => arrivals },
);
