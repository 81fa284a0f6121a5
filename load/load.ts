/**
 * The bot under load: `npm run load` starts it as `npm start` does, by webhook, with a fresh database and the sandbox's
 * Telegram and fetta, and drives it with Artillery. What is measured, and what must hold: docs/load.md.
 */
import { writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { tempFolder } from "../test/e2e/instance.ts";
import { type Bot, startBot } from "./bot.ts";
import { type Control, controlOf } from "./control.ts";
import type { Measured, Order, Progress } from "./generator.ts";
import { type Options, readOptions, USAGE } from "./options.ts";
import { installPackages } from "./packages.ts";
import { arrivalsOf, type Plan, planLoad, type Scenario, secondsOf } from "./plan.ts";
import { forked } from "./processes.ts";
import { figuresOf, jsonOf } from "./report.ts";
import type { Sandbox } from "./sandbox.ts";
import { seed } from "./seed.ts";
import { faultsOf, type Result } from "./verdict.ts";

const PROGRESS_SECONDS = 5;
/** How long what is still under way after a scenario may take. */
const SETTLE_MS = 60_000;

const say = (line: string) => void process.stdout.write(`${line}\n`);

async function load(options: Options, signal: AbortSignal): Promise<boolean> {
  const plan = planLoad(options);
  await installPackages(say, signal);
  say(`Starting the sandbox and the bot…`);
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await tempFolder());
  const isSandbox = (message: unknown): message is Sandbox => message !== null;
  const { first: sandbox } = stack.use(await forked("sandbox.ts", plan.cast, { fits: isSandbox, signal }));
  const { databaseUrl } = folder;
  await seed(databaseUrl, sandbox, signal);
  const { messagesPerSecond } = plan;
  const bot = stack.use(await startBot(sandbox, { databaseUrl, messagesPerSecond }, signal));
  const control = controlOf(sandbox.control);
  const results: { result: Result; faults: string[] }[] = [];
  for (const scenario of plan.scenarios) {
    signal.throwIfAborted();
    say(`\n${scenario.title}: ${ratesOf(scenario)}`);
    const result = await run(scenario, { plan, bot, control, sandbox, signal });
    const faults = faultsOf(result);
    results.push({ result, faults });
    for (const line of [...figuresOf(result), ...faults.map((fault) => `  FAILED: ${fault}.`)]) say(line);
  }
  await bot.stop();
  if (options.json !== undefined) await writeFile(options.json, jsonOf(plan, results));
  const failed = results.filter(({ faults }) => faults.length > 0);
  const names = failed.map(({ result }) => `"${result.scenario.title}"`).join(", ");
  say(failed.length === 0 ? "\nThe load was held." : `\nThe load was not held: ${names}.`);
  return failed.length === 0;
}

type Stage = { plan: Plan; bot: Bot; control: Control; sandbox: Sandbox; signal: AbortSignal };

async function run(scenario: Scenario, { plan, bot, control, sandbox, signal }: Stage): Promise<Result> {
  const { scene, phases } = scenario;
  const isFanOut = scene === "fanOut";
  await control.begin(scene);
  await bot.begin();
  const order: Order = { ...bot.webhook, control: sandbox.control, scene, phases };
  const plannedSeconds = secondsOf(scenario);
  let seconds = 0;
  const heard = (message: unknown) => {
    const { kind, sent, answered } = message as Progress;
    if (kind !== "progress" || ++seconds % PROGRESS_SECONDS !== 0) return;
    say(`  ${seconds} s of ${plannedSeconds}: ${sent} updates sent, ${answered} answered`);
  };
  const isMeasured = (message: unknown): message is Measured => (message as Measured).kind === "measured";
  await using generator = await forked("generator.ts", order, { fits: isMeasured, heard, signal });
  const measured = generator.first;
  const tally = await settled(control, measured.arrived, isFanOut ? plan.cast.fans : 0, signal);
  const figures = await bot.figures();
  return {
    ...{ scenario, measured, tally, planned: arrivalsOf(scenario), plannedSeconds, bot: figures },
    fanOut: isFanOut ? { fans: plan.cast.fans, messagesPerSecond: plan.messagesPerSecond } : undefined,
  };
}

/** Waits until everybody has been answered and told; what is missing after a minute is missing. */
async function settled(control: Control, sent: number, fans: number, signal: AbortSignal) {
  const late = performance.now() + SETTLE_MS;
  for (;;) {
    const tally = await control.tally(sent);
    const isOver = tally.unanswered === 0 && tally.unsettled === 0 && tally.told >= fans;
    if (isOver || performance.now() > late) return tally;
    await sleep(200, undefined, { signal });
  }
}

function ratesOf({ phases }: Scenario): string {
  return phases
    .map(({ seconds, from, to }) => `${from === to ? to : `${from} to ${to}`} updates/s for ${seconds} s`)
    .join(", ");
}

const stop = new AbortController();
// Ctrl-C comes twice: from the terminal, and from npm.
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => stop.abort());
try {
  const options = readOptions(process.argv.slice(2));
  if (options === "help") say(USAGE);
  else if (!(await load(options, stop.signal))) process.exitCode = 1;
} catch (error) {
  if (!stop.signal.aborted) process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = stop.signal.aborted ? 130 : 1;
}
process.exit();
