import { cpus } from "node:os";
import type { Plan } from "./plan.ts";
import { delivered, type Result } from "./verdict.ts";

/** One scenario's figures, as lines. */
export function figuresOf(result: Result): string[] {
  const { measured, planned, plannedSeconds, tally, bot, fanOut } = result;
  const { latency, errors, answered } = measured;
  const failed = Object.values(errors).reduce((sum, count) => sum + count, 0);
  const rate = (count: number, seconds: number) => `${(count / seconds).toFixed(1)}/s`;
  const ms = (value: number | undefined) => (value === undefined ? "?" : `${value.toFixed(value < 10 ? 1 : 0)} ms`);
  const seconds = (value: number) => `${value.toFixed(1)} s`;
  const each = (cpuMs: number) => ms(cpuMs / Math.max(measured.arrived, 1));
  const refused = tally.refusals[429] ?? 0;
  const rows: [string, string][] = [
    ["offered", `${planned} updates in ${plannedSeconds} s, ${rate(planned, plannedSeconds)} on average`],
    ["held", `${answered} answered, ${rate(answered, Math.max(measured.seconds, plannedSeconds))}`],
    ["latency", `p50 ${ms(latency?.p50)}, p95 ${ms(latency?.p95)}, p99 ${ms(latency?.p99)}, most ${ms(latency?.max)}`],
    ["errors", `${failed}, ${((100 * failed) / Math.max(measured.arrived, 1)).toFixed(2)} %`],
    ["SQL statements", `${bot.statementsPerUpdate.toFixed(2)} per update`],
    ["answered in Telegram", `${tally.owed - tally.unanswered} of ${tally.owed}`],
    ["429s", String(refused)],
    ["memory", `${bot.memoryMb.toFixed(0)} MB at most`],
    ["event loop late", `p99 ${ms(bot.eventLoopP99Ms)}; Artillery's ${ms(measured.lateMs)}`],
    ["processor", `${each(bot.cpuMs)} per update; Artillery ${each(measured.cpuMs)}, sandbox ${each(tally.cpuMs)}`],
  ];
  if (tally.asked > 0) {
    rows.push(["/track", `${tally.asked - tally.unsettled} of ${tally.asked} came to an end`]);
  }
  if (fanOut !== undefined) {
    const { messagesPerSecond, fans } = fanOut;
    const news = delivered(tally, messagesPerSecond);
    const found = tally.firstToldMs === undefined ? "never" : `after ${seconds(tally.firstToldMs / 1000)}`;
    rows.push(
      ["told", `${tally.told} of ${fans} chats, the first ${found}`],
      [
        "messages",
        `${news.perSecond.toFixed(1)}/s of ${messagesPerSecond}, answers included: ${seconds(news.seconds)}, ` +
          `${news.ratio.toFixed(2)} × the least time; fullest second ${tally.fullestSecond}`,
      ],
    );
  }
  const warnings = Map.groupBy(bot.warnings, (warning) => warning);
  rows.push(...[...warnings].map(([warning, all]): [string, string] => ["it warned", `${all.length} × ${warning}`]));
  return rows.map(([what, value]) => `  ${what.padEnd(21)} ${value}`);
}

/** What ran, where, and what was measured, for --json. */
export function jsonOf(plan: Plan, results: { result: Result; faults: string[] }[]): string {
  const [cpu] = cpus();
  const machine = { cpu: cpu?.model, cores: cpus().length, node: process.versions.node };
  const scenarios = results.map(({ result: { scenario, ...figures }, faults }) => ({
    ...scenario,
    ...figures,
    faults,
  }));
  const { cast, messagesPerSecond } = plan;
  return `${JSON.stringify({ machine, cast, messagesPerSecond, scenarios }, null, 2)}\n`;
}
