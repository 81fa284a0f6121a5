/**
 * How well what is owed leaves: a piece of news for many chats, or, with --backlog, many messages owed to each of them,
 * over a simulated Telegram (in a process of its own) that enforces its limits, scaled to the rate. Exits 1 when the aims
 * are missed.
 *
 *   npm run bench:fan-out -- --chats 10000 --rate 29 --latency 50
 *   npm run bench:fan-out -- --rate 300 --backlog 10 --groups 1000
 *   npm run bench:fan-out -- --rate 29 --backlog 10 --groups 1000 --seconds 120
 */
import { parseArgs } from "node:util";
import { measureDelivery, quantile } from "./delivery.ts";

const AIMS = { overIdeal: 1.05, backlogOverIdeal: 30 / 24, claimMs: 50, rss: 300, unfairness: 3, refusedShare: 0.01 };

const { values } = parseArgs({
  options: {
    chats: { type: "string", default: "10000" },
    rate: { type: "string", default: "29" },
    latency: { type: "string", default: "50" },
    /** Messages owed to each chat. */
    backlog: { type: "string", default: "1" },
    groups: { type: "string", default: "0" },
    /** Stops after so long, whatever is left. */
    seconds: { type: "string" },
  },
});
const [chats, messagesPerSecond, latencyMs] = [Number(values.chats), Number(values.rate), Number(values.latency)];
const [streamers, groups] = [Number(values.backlog), Number(values.groups)];
const limit = values.seconds === undefined ? undefined : Number(values.seconds);
const isBacklog = streamers > 1;

const measured = await measureDelivery({ chats, groups, streamers, messagesPerSecond, latencyMs, seconds: limit });
const {
  messages,
  delivered,
  seconds,
  ideal,
  fullestLeft,
  fullestArrived,
  refused,
  oweMs,
  queries,
  cpuMs,
  rss,
  unfairness,
} = measured;
const claims = [...(queries.get("loop_due") ?? []), ...(queries.get("loop_claim") ?? [])];
const claimMs = quantile(claims, 0.99);

const ms = (time: number) => `${time.toFixed(1)} ms`;
const missed: string[] = [];
function tell(what: string, value: string, isMet = true) {
  if (!isMet) missed.push(what);
  console.log(`  ${what.padEnd(26)} ${value}${isMet ? "" : "  MISSED"}`);
}

console.log(
  `${messages} messages to ${chats} chats (${groups} groups), ${messagesPerSecond}/s, answers in ${latencyMs} ms`,
);
const overIdeal = isBacklog ? AIMS.backlogOverIdeal : AIMS.overIdeal;
tell(
  "time",
  `${seconds.toFixed(1)} s, ${((100 * seconds) / ideal).toFixed(1)} % of ${ideal.toFixed(1)} s`,
  seconds <= ideal * overIdeal,
);
tell("messages a second", `${(delivered / seconds).toFixed(1)}, ${delivered} in all`);
tell("fullest second, left", `${(100 * fullestLeft).toFixed(1)} % of the rate`);
tell("fullest second, arrived", `${(100 * fullestArrived).toFixed(1)} % of the rate`);
tell("429s", String(refused), refused <= (isBacklog ? delivered * AIMS.refusedShare : 0));
tell("owing a piece of news", ms(oweMs));
for (const query of ["loop_due", "loop_claim", "loop_news", "loop_record_send"]) {
  const times = queries.get(query) ?? [];
  const [p50, p99, most] = [0.5, 0.99, 1].map((share) => ms(quantile(times, share)));
  tell(query, `${times.length} ×, p50 ${p50}, p99 ${p99}, most ${most}`);
}
tell("looking and claiming, p99", ms(claimMs), claimMs <= AIMS.claimMs);
tell("computing a message", ms(cpuMs));
tell("memory", `${rss.toFixed(0)} MB`, rss <= AIMS.rss);
tell("longest wait of a chat", `${unfairness.toFixed(2)} × its fair share`, unfairness <= AIMS.unfairness);
console.log(missed.length === 0 ? "All aims met." : `Missed: ${missed.join(", ")}.`);
process.exitCode = missed.length > 0 ? 1 : 0;
