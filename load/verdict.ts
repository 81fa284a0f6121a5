import type { Measured } from "./generator.ts";
import type { Scenario } from "./plan.ts";
import type { Tally } from "./score.ts";

/** What is known of one scenario when it is over. */
export type Result = {
  scenario: Scenario;
  measured: Measured;
  /** Updates that were to arrive, by the plan, and in how many seconds. */
  planned: number;
  plannedSeconds: number;
  tally: Tally;
  bot: BotFigures;
  /** Chats to be told the news, in a fan-out, and how fast they may be. */
  fanOut: { fans: number; messagesPerSecond: number } | undefined;
};

/** Of the bot's own /metrics, and what the system says of its process. */
export type BotFigures = {
  updates: number;
  updatesFailed: number;
  statementsPerUpdate: number;
  eventLoopP99Ms: number | undefined;
  memoryMb: number;
  /** What of a processor it has used, loops included, in ms. */
  cpuMs: number;
  /** What it logged as an error, and as a warning. */
  errors: string[];
  warnings: string[];
};

/** What must hold. */
export const BARS = {
  p99Ms: 1_000,
  /** Of the rate that was offered: the last answers come after the last second. */
  held: 0.95,
  listStatements: 1,
  /** Telling everybody, over the least time that the pace allows. */
  overLeast: 1.15,
  /** Above it the load was not what it says: latencies would look better than they are. */
  generatorLateMs: 100,
};

/** What of a scenario is not as it must be, each in a sentence; none when all is well. */
export function faultsOf(result: Result): string[] {
  const { scenario, measured, planned, plannedSeconds, tally, bot, fanOut } = result;
  const faults: string[] = [];
  const check = (isWell: boolean, fault: string) => {
    if (!isWell) faults.push(fault);
  };
  const { latency, errors } = measured;
  const failed = Object.entries(errors).map(([what, count]) => `${count} × ${what}`);
  check(failed.length === 0, `${failed.join(", ")} instead of 200`);
  check(
    measured.answered === measured.arrived,
    `${measured.arrived - measured.answered} updates were not answered with 200`,
  );
  const p99 = latency?.p99 ?? Number.POSITIVE_INFINITY;
  check(p99 < BARS.p99Ms, `p99 is ${p99.toFixed(0)} ms, not below ${BARS.p99Ms} ms`);
  const held = measured.answered / Math.max(measured.seconds, plannedSeconds);
  const offered = planned / plannedSeconds;
  check(held >= offered * BARS.held, `held ${held.toFixed(1)} updates/s of ${offered.toFixed(1)} offered`);
  check(
    measured.lateMs < BARS.generatorLateMs,
    `the load itself was ${measured.lateMs.toFixed(0)} ms late (p99): the machine is too busy to measure on`,
  );
  check(bot.updates === measured.arrived, `the bot has handled ${bot.updates} updates of ${measured.arrived}`);
  check(bot.updatesFailed === 0, `${bot.updatesFailed} updates failed in the bot`);
  check(bot.errors.length === 0, `the bot logged errors: ${[...new Set(bot.errors)].join(", ")}`);
  check(tally.unanswered === 0, `${tally.unanswered} of ${tally.owed} people who asked were not answered`);
  check(tally.unsettled === 0, `${tally.unsettled} of ${tally.asked} /track did not come to an end`);
  check((tally.refusals[429] ?? 0) === 0, `${tally.refusals[429]} calls got a 429`);
  if (scenario.scene === "list") {
    const { statementsPerUpdate: found } = bot;
    check(found === BARS.listStatements, `/list took ${found.toFixed(3)} SQL statements, not ${BARS.listStatements}`);
  }
  if (fanOut !== undefined) {
    const { told, repeated } = tally;
    check(told === fanOut.fans, `${fanOut.fans - told} of ${fanOut.fans} chats were not told`);
    check(repeated === 0, `${repeated} messages came twice`);
    const { ratio } = delivered(tally, fanOut.messagesPerSecond);
    check(ratio <= BARS.overLeast, `telling took ${ratio.toFixed(2)} × the least time, more than ${BARS.overLeast} ×`);
  }
  return faults;
}

/** How fast the news went out, answers in between counted: seconds, messages a second, and how much that is over the least. */
export function delivered({ firstToldMs = 0, lastToldMs = 0, messagesMeanwhile }: Tally, messagesPerSecond: number) {
  const seconds = (lastToldMs - firstToldMs) / 1000;
  const least = messagesMeanwhile / messagesPerSecond;
  return { seconds, perSecond: messagesMeanwhile / seconds, least, ratio: seconds / least };
}
