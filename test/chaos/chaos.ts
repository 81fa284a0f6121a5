import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { describe } from "./report.ts";
import { runChaos } from "./run.ts";

const USAGE = `Usage: npm run chaos -- [--seed N] [--minutes M] [--json FILE]

  --seed N      which faults, when and for how long; the same number plans the same (default: another one each time)
  --minutes M   how long everything breaks, 0.2 to 600 (default: 2); what is owed then is waited for on top of it
  --json FILE   where to put the report besides

Progress and a table go to stderr, the report as JSON to stdout. Ends with 1 when something was lost, came out of order or
came without being owed, and keeps the database and the logs then.`;

type Arguments = { seed: number; minutes: number; json?: string | undefined };

/** @throws an Error whose message tells the person what to write instead */
function readArguments(args: string[]): Arguments | "help" {
  const options = {
    seed: { type: "string" },
    minutes: { type: "string" },
    json: { type: "string" },
    help: { type: "boolean", short: "h" },
  } as const;
  const { values } = parseArgs({ args, options });
  if (values.help === true) return "help";
  const seed = values.seed === undefined ? Math.floor(Math.random() * 1_000_000) : Number(values.seed);
  if (values.seed?.trim() === "" || !Number.isInteger(seed) || seed < 0 || seed > 2 ** 31 - 1) {
    throw new Error(`--seed is "${values.seed}". Write a whole number from 0 to ${2 ** 31 - 1}, like --seed 7`);
  }
  const minutes = Number(values.minutes ?? 2);
  if (values.minutes?.trim() === "" || !(minutes >= 0.2 && minutes <= 600)) {
    throw new Error(`--minutes is "${values.minutes}". Write a number from 0.2 to 600, like --minutes 1.5`);
  }
  if (values.json === "") throw new Error("--json names no file. Write a path, like --json chaos.json");
  return { seed, minutes, json: values.json };
}

const tell = (line: string) => void process.stderr.write(`${line}\n`);

async function main(): Promise<number> {
  let chosen: Arguments | "help";
  try {
    chosen = readArguments(process.argv.slice(2));
  } catch (error) {
    tell(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
    return 2;
  }
  if (chosen === "help") {
    tell(USAGE);
    return 0;
  }
  const stop = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(name, () => {
      tell("ending: the instances are killed, what they wrote is removed");
      stop.abort(new Error("interrupted"));
    });
  }
  // Nobody reads any more.
  for (const stream of [process.stdout, process.stderr]) stream.once("error", (error) => stop.abort(error));
  const { seed, minutes, json } = chosen;
  tell(`seed ${seed}, ${minutes} min`);
  try {
    const { report, kept } = await runChaos({ seed, minutes, progress: tell, signal: stop.signal });
    const text = `${JSON.stringify(report, undefined, 2)}\n`;
    tell(`\n${describe(report)}`);
    if (kept !== undefined) tell(`the database and the logs of the instances are in ${kept}`);
    process.stdout.write(text);
    if (json !== undefined) await writeFile(json, text);
    return report.failures.length === 0 ? 0 : 1;
  } catch (error) {
    if (stop.signal.aborted) return 130;
    throw error;
  }
}

process.exitCode = await main();
