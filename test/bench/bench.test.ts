import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { SECTIONS } from "../../bench/sections.ts";
import { temporaryFolder } from "../db/test-db.ts";

const BENCH = fileURLToPath(new URL("../../bench/bench.ts", import.meta.url));
const DOCUMENT = new URL("../../docs/performance.md", import.meta.url);

function start(args: string[], env: NodeJS.ProcessEnv = {}) {
  const child = spawn(process.execPath, [BENCH, ...args], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]).then(
    ([out, err, [code]]) => ({ out, err, code: code as number | null }),
  );
  return { child, ended };
}

/** How many tables each section has. */
function tablesOf(markdown: string): Map<string, number> {
  const sections = markdown.split(/^## /m).slice(1);
  return new Map(sections.map((each) => [each.split("\n")[0] ?? "", each.match(/^\|-+\|/gm)?.length ?? 0]));
}

test("a trial of everything runs, gives a table for every section, and leaves the document and no file", async () => {
  await using folder = await temporaryFolder();
  const document = () => readFile(DOCUMENT, "utf8").catch(() => undefined);
  const before = await document();
  const { out, err, code } = await start(["--short"], { TMPDIR: folder.path }).ended;
  expect({ code, err }).toMatchObject({ code: 0, err: expect.not.stringContaining("FAILED") });
  const tables = tablesOf(out);
  expect(tables.size).toBe(Object.keys(SECTIONS).length);
  expect([...tables].filter(([, count]) => count === 0)).toEqual([]);
  expect(err).toContain("is left as it is");
  expect(await document()).toBe(before);
  expect(await readdir(folder.path)).toEqual([]);
}, 120_000);

test("--only runs the sections that it names", async () => {
  const { out, code } = await start(["--short", "--only", "pages"]).ended;
  expect(code).toBe(0);
  expect([...tablesOf(out).keys()]).toEqual(["Reading what the site answers"]);
}, 60_000);

test.each([
  [["--only", "lists,moon"], 'There is no section "moon"'],
  [["--ony", "lists"], "Unknown option '--ony'"],
  [["lists"], "Unexpected argument 'lists'"],
])("%j is answered with what is possible", async (args, message) => {
  const { out, err, code } = await start(args).ended;
  expect(code).toBe(2);
  expect(out).toBe("");
  expect(err).toContain(message);
  expect(err).toContain("npm run bench -- [--short] [--only lists,");
  expect(err).not.toMatch(/^ +at /m);
});

test.each(["SIGINT", "SIGTERM"] as const)(
  "%s leaves no process and no file",
  async (signal) => {
    await using folder = await temporaryFolder();
    const { child, ended } = start(["--only", "diffs"], { TMPDIR: folder.path });
    await once(child.stderr, "data");
    const inside = await untilFound(async () => (await filesOf(folder.path)).filter((name) => name.endsWith(".db")));
    expect(inside).not.toEqual([]);
    const children = await childrenOf(child);
    expect(children).not.toEqual([]);
    child.kill(signal);
    expect((await ended).code).toBe(signal === "SIGINT" ? 130 : 143);
    await untilFound(async () => ((await areGone(children)) ? ["gone"] : []));
    expect(await readdir(folder.path)).toEqual([]);
  },
  60_000,
);

test("what measures ends when the command is killed outright", async () => {
  await using folder = await temporaryFolder();
  const { child, ended } = start(["--only", "diffs"], { TMPDIR: folder.path });
  await once(child.stderr, "data");
  const children = await untilFound(() => childrenOf(child));
  child.kill("SIGKILL");
  await ended;
  await untilFound(async () => ((await areGone(children)) ? ["gone"] : []));
}, 60_000);

const filesOf = (folder: string) => readdir(folder, { recursive: true });

/** Waits, as long as the test may, until something is there. */
async function untilFound(look: () => Promise<string[]>): Promise<string[]> {
  for (;;) {
    const found = await look();
    if (found.length > 0) return found;
    await sleep(20);
  }
}

async function childrenOf({ pid }: ChildProcess): Promise<string[]> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8");
  return children.split(" ").filter((child) => child !== "");
}

async function areGone(pids: string[]): Promise<boolean> {
  const states = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/stat`, "utf8").catch(() => `${pid} (gone) Z`)),
  );
  return states.every((state) => / Z/.test(state));
}
