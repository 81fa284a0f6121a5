import { execFileSync } from "node:child_process";
import { setMaxListeners } from "node:events";
import { writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { rules } from "../deployed.ts";
import { type Arguments, readArguments, USAGE } from "./arguments.ts";
import { type Programs, runDrill } from "./drill.ts";
import { drills } from "./drills/index.ts";
import { checkPanels } from "./panels.ts";
import { describe, faultOf } from "./report.ts";
import { NO_ALERT, type Row } from "./strike.ts";

/** The whole command. */
const MOST_MS = 15 * 60_000;
/** Programs that start at the same moment slow each other down. */
const STAGGER_MS = 3_000;

const start = performance.now();
const tell = (line: string) => {
  const seconds = Math.round((performance.now() - start) / 1_000);
  process.stderr.write(`${`${Math.floor(seconds / 60)}`.padStart(2)}:${`${seconds % 60}`.padStart(2, "0")} ${line}\n`);
};

function findPrograms(): Programs {
  const find = (program: string, debianPackage: string) => {
    try {
      return execFileSync("which", [program], { encoding: "utf8" }).trim();
    } catch {
      throw new Error(`${program} is missing: apt-get install ${debianPackage}`);
    }
  };
  return {
    prometheus: find("prometheus", "prometheus"),
    alertmanager: find("prometheus-alertmanager", "prometheus-alertmanager"),
  };
}

async function runDrills(
  { only, parallel, json }: Arguments,
  programs: Programs,
  signal: AbortSignal,
): Promise<number> {
  const wanted = only ?? rules().map(({ alert }) => alert);
  const waiting = drills.filter(({ alerts }) => alerts.some((alert) => wanted.includes(alert)));
  const rows: Row[] = [];
  const worker = async (n: number) => {
    await sleep(n * STAGGER_MS, undefined, { signal }).catch(() => undefined);
    for (let drill = waiting.shift(); drill !== undefined && !signal.aborted; drill = waiting.shift()) {
      const { name, pace } = drill;
      try {
        await runDrill(drill, { programs, only, tell, signal, found: (more) => rows.push(...more) });
      } catch (error) {
        const why = wordsOf(signal.aborted ? signal.reason : error);
        rows.push({ alert: NO_ALERT, severity: "", fault: name, pace, besides: [], standIn: false, failures: [why] });
        tell(`FAILED ${name}: ${why}`);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(parallel, waiting.length) }, (_, n) => worker(n)));
  process.stderr.write(`\nTimes in s, from the fault's beginning, and from its end.\n\n${describe(rows)}\n\n`);
  const fault = faultOf(rows, wanted);
  process.stderr.write(`${fault ?? `${wanted.length} alerts fired, paged and ended, and no other did.`}\n`);
  if (json !== undefined) await writeFile(json, `${JSON.stringify(rows, undefined, 2)}\n`);
  return fault === undefined ? 0 : 1;
}

const wordsOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

async function main(): Promise<number> {
  const stop = new AbortController();
  // Each child adds a listener to the process, and each wait one to the signal.
  process.setMaxListeners(0);
  setMaxListeners(0, stop.signal);
  let chosen: Arguments | "help";
  let programs: Programs;
  try {
    chosen = readArguments(process.argv.slice(2));
    if (chosen === "help") {
      process.stderr.write(`${USAGE}\n`);
      return 0;
    }
    programs = findPrograms();
  } catch (error) {
    process.stderr.write(`${wordsOf(error)}\n\n${USAGE}\n`);
    return 2;
  }
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(name, () => stop.abort(new Error("interrupted")));
  }
  process.stderr.once("error", (error) => stop.abort(error));
  const { minutes, panels, parallel } = chosen;
  const mostMs = panels ? (minutes + 5) * 60_000 : (MOST_MS * 8) / parallel;
  const late = setTimeout(() => stop.abort(new Error(`it took more than ${mostMs / 60_000} minutes`)), mostMs);
  try {
    if (!panels) return await runDrills(chosen, programs, stop.signal);
    return await checkPanels({ minutes, programs, tell, signal: stop.signal });
  } catch (error) {
    process.stderr.write(`${wordsOf(error)}\n`);
    return 1;
  } finally {
    clearTimeout(late);
  }
}

process.exitCode = await main();
// Whatever still holds the loop open has nothing more to say; children end with the process.
process.exit();
