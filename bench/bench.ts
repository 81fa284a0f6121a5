/**
 * Compares what Wishbell does with other ways to do it, and with what the machine allows; writes docs/performance.md after a
 * full run of everything. An aim that is missed is said to be missed, and is no failure: exits 1 only when something did
 * not run, and 2 for arguments that mean nothing.
 *
 *   npm run bench
 *   npm run bench -- --only lists,diffs
 *   npm run bench -- --short
 */
import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { measureApart } from "./apart.ts";
import { renderDocument, renderSection } from "./document.ts";
import { createProgress } from "./progress.ts";
import type { Effort, Section } from "./section.ts";
import { SECTIONS } from "./sections.ts";
import { readSetting } from "./setting.ts";
import { leaveNothingBehind } from "./tidy.ts";

const DOCUMENT = new URL("../docs/performance.md", import.meta.url);

const USAGE = `npm run bench -- [--short] [--only ${Object.keys(SECTIONS).join()}]
  --short  a trial of seconds: shows that everything runs, its figures mean nothing
  --only   these sections alone, separated by commas
A full run of everything writes docs/performance.md.`;

class BadArguments extends Error {
  override name = "BadArguments";
}

type Arguments = { effort: Effort; names: string[]; isHelp: boolean };

function readArguments(args: string[]): Arguments {
  const { short, only, help } = parse(args);
  const all = Object.keys(SECTIONS);
  const wanted = only?.split(",").map((name) => name.trim()) ?? all;
  const unknown = wanted.find((name) => !all.includes(name));
  if (unknown !== undefined) {
    throw new BadArguments(`There is no section "${unknown}": there are ${all.join(", ")}.`);
  }
  return { effort: short ? "short" : "full", names: all.filter((name) => wanted.includes(name)), isHelp: help };
}

function parse(args: string[]) {
  const flag = { type: "boolean", default: false } as const;
  try {
    return parseArgs({ args, options: { short: flag, only: { type: "string" }, help: { ...flag, short: "h" } } })
      .values;
  } catch (error) {
    throw new BadArguments(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

async function run({ effort, names }: Arguments): Promise<boolean> {
  const start = performance.now();
  const setting = await readSetting();
  const progress = createProgress(process.stderr);
  if (setting.isBusy) console.error("The machine is busy with other work: what is measured now says little.");
  const sections: Section[] = [];
  if (effort === "short") console.log("A trial: its figures, and whether an aim is met, mean nothing.");
  for (const [n, name] of names.entries()) {
    progress.begin(`[${n + 1}/${names.length}] ${name}`);
    try {
      const section = await measureApart(name, effort, progress.say);
      progress.end("done");
      console.log(`\n${renderSection(section)}\n`);
      sections.push(section);
    } catch (error) {
      progress.end(`FAILED, ${error instanceof Error ? error.message : error}`);
    }
  }
  const minutes = (performance.now() - start) / 60_000;
  const hasRun = sections.length === names.length;
  const isAll = names.length === Object.keys(SECTIONS).length && effort === "full";
  if (isAll && hasRun) {
    await writeFile(DOCUMENT, renderDocument(sections, setting, { date: new Date(), minutes }));
    console.error(`docs/performance.md is written, after ${minutes.toFixed(1)} minutes.`);
  } else {
    console.error(`docs/performance.md is left as it is: only a full run of everything writes it.`);
  }
  return hasRun;
}

try {
  const wanted = readArguments(process.argv.slice(2));
  if (wanted.isHelp) {
    console.log(USAGE);
  } else {
    leaveNothingBehind();
    process.exitCode = (await run(wanted)) ? 0 : 1;
  }
} catch (error) {
  if (!(error instanceof BadArguments)) throw error;
  console.error(`${error.message}\n\n${USAGE}`);
  process.exitCode = 2;
}
