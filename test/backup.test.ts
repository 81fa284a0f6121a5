import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { copyFile, mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { showProgress } from "../src/backup/progress.ts";
import { setAside } from "../src/backup/set-aside.ts";
import { temporaryFolder, testDb } from "./db/test-db.ts";
import { cannotMount, onDisk } from "./e2e/disk.ts";

type Run = { code: number | string | null; out: string; errors: string };
type Options = { args?: string[]; env?: Record<string, string>; cwd?: string; within?: string[] };

/** Runs what `npm run backup` or `npm run restore` does. */
const run = (program: "backup" | "restore", options: Options) => begin(program, options).ended;

function begin(program: "backup" | "restore", { args = [], env = {}, cwd = "/", within = [] }: Options) {
  const script = fileURLToPath(new URL(`../src/${program}.ts`, import.meta.url));
  const [command = process.execPath, ...rest] = [...within, process.execPath, script, ...args];
  const child = spawn(command, rest, {
    cwd,
    env: { PATH: process.env.PATH, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [out, errors] = ["", ""];
  child.stdout.on("data", (text) => {
    out += text;
  });
  child.stderr.on("data", (text) => {
    errors += text;
  });
  const ended = once(child, "close").then(([code, signal]): Run => ({ code: code ?? signal, out, errors }));
  return { child, ended };
}

const fileOf = (url: string) => url.slice("file:".length);

/** What the first column of a query has, in a file of its own. */
function query(file: string, sql: string): unknown[] {
  using db = new DatabaseSync(file, { readOnly: true });
  return db
    .prepare(sql)
    .all()
    .map((row) => Object.values(row)[0]);
}

async function addUsers(db: { client: { execute(sql: string): Promise<unknown> } }, count: number): Promise<void> {
  await db.client.execute(`
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT ${count})
    INSERT INTO users (id, type, language, created_at, title) SELECT i, 'group', 'en', 0, hex(randomblob(2000)) FROM n`);
}

async function overwrite(file: string, position: number, text: string): Promise<void> {
  await using handle = await open(file, "r+");
  await handle.write(text, position);
}

describe("a backup", () => {
  test("is whole, readable by its owner alone, named by its time, and made without a token", async () => {
    await using db = await testDb();
    await addUsers(db, 3);
    const before = Date.now();
    const { code, out, errors } = await run("backup", { env: { DATABASE_URL: db.url } });
    expect({ code, errors }).toEqual({ code: 0, errors: "" });
    const [path = "", summary] = out.split("\n");
    expect(dirname(path)).toBe(join(dirname(fileOf(db.url)), "backup"));
    const [, date, time] = /^test-(\d{4}-\d\d-\d\d)T(\d\d-\d\d-\d\d)Z\.db$/.exec(basename(path)) ?? [];
    expect(Date.parse(`${date}T${time?.replaceAll("-", ":")}Z`)).toBeGreaterThan(before - 1_000);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(summary).toMatch(
      /^\d+\.\d kB, 3 users, 0 trackings, checked, in \d\.\d s\. To restore it, stop all instances/,
    );
    expect(out).toContain(`npm run restore -- ${path}\n`);
    expect(query(path, "PRAGMA integrity_check")).toEqual(["ok"]);
    expect(query(path, "PRAGMA journal_mode"), "one file is all of it").toEqual(["delete"]);
    expect(query(path, "SELECT COUNT(*) FROM users")).toEqual([3]);
    expect(await readdir(dirname(path))).toEqual([basename(path)]);
  });

  test("goes to the folder or the file that is named, and never over what is there", async () => {
    await using db = await testDb();
    await using folder = await temporaryFolder();
    const env = { DATABASE_URL: db.url };
    const named = join(folder.path, "mine.db");
    expect((await run("backup", { env, args: [folder.path] })).out).toMatch(`${folder.path}/test-`);
    expect(await run("backup", { env, args: ["mine.db"], cwd: folder.path })).toMatchObject({ code: 0 });
    const { mtimeMs } = await stat(named);
    expect(await run("backup", { env, args: [named] })).toEqual({
      code: 1,
      out: "",
      errors: `${named} is there already, and is not overwritten.\n`,
    });
    expect((await stat(named)).mtimeMs).toBe(mtimeMs);
    for (const missing of [join(folder.path, "missing/"), join(folder.path, "missing/a.db")]) {
      expect((await run("backup", { env, args: [missing] })).errors).toMatch(/missing is not there: make the folder/);
    }
    expect(await run("backup", { env, args: [fileOf(db.url)] })).toMatchObject({ code: 1 });
    // As npm calls it from another folder.
    const npm = { npm_lifecycle_event: "backup", INIT_CWD: folder.path };
    expect((await run("backup", { env: { ...env, ...npm }, args: ["other.db"] })).out).toMatch(
      `${folder.path}/other.db`,
    );
    expect((await readdir(folder.path)).filter((name) => name.includes("partial"))).toEqual([]);
  });

  test("takes the database from .env as the bot does", async () => {
    await using db = await testDb();
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, ".env"), `DATABASE_URL=${db.url}\n`);
    expect(await run("backup", { cwd: folder.path })).toMatchObject({ code: 0, errors: "" });
    expect(await run("backup", { cwd: folder.path, env: { DATABASE_URL: "file:none.db" } })).toEqual({
      code: 1,
      out: "",
      errors: `There is no database at ${join(folder.path, "none.db")}: look at DATABASE_URL, or start the bot once.\n`,
    });
  });

  test.each([
    ["a server", { env: { DATABASE_URL: "libsql://db.example.org" } }, /^DATABASE_URL names a server.+own means/],
    ["a faulty address", { env: { DATABASE_URL: "postgres://x" } }, /^DATABASE_URL starts with postgres:/],
    ["two targets", { args: ["a", "b"] }, /^Usage: npm run backup/],
    ["an unknown option", { args: ["--fast"] }, /^Usage: npm run backup/],
  ])("says in words why it cannot be called for %s", async (_, options, words) => {
    const { code, errors } = await run("backup", options);
    expect(errors).toMatch(words);
    expect(errors).not.toMatch(/^\s+at /m);
    expect(code).toBe(errors.startsWith("DATABASE_URL starts") ? 1 : 2);
  });

  test("of what is no database of ours, or is damaged, is refused and leaves nothing", async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, "some.db");
    const env = { DATABASE_URL: `file:${file}` };
    await writeFile(file, "no database at all, ".repeat(500));
    expect((await run("backup", { env })).errors).toBe(`${file} cannot be copied: it is no database.\n`);
    await rm(file);
    new DatabaseSync(file).close();
    await writeFile(file, "");
    expect((await run("backup", { env })).errors).toBe(`${file} cannot be copied: it is no database of Wishbell.\n`);
    await using db = await testDb();
    await addUsers(db, 100);
    expect(await run("backup", { env: { DATABASE_URL: db.url }, args: [`${file}.good`] })).toMatchObject({ code: 0 });
    await rename(`${file}.good`, file);
    await overwrite(file, 100_000, "rubbish ".repeat(10_000));
    const damaged = await run("backup", { env });
    expect(damaged.errors).toBe(`${file} cannot be copied: it is damaged. Keep it, and restore an older backup.\n`);
    expect(await readdir(join(folder.path, "backup"))).toEqual([]);
  });

  test("is one moment's, while writes go on and are not kept waiting", async () => {
    await using db = await testDb();
    await addUsers(db, 20_000);
    await db.client.execute("CREATE TABLE pairs (a INTEGER NOT NULL, b INTEGER NOT NULL)");
    const backup = begin("backup", { env: { DATABASE_URL: db.url } });
    let isOver = false;
    void backup.ended.then(() => {
      isOver = true;
    });
    let written = 0;
    let longestMs = 0;
    while (!isOver) {
      const start = performance.now();
      await db.client.batch([`INSERT INTO pairs VALUES (${written}, 0)`, "UPDATE pairs SET b = a"], "write");
      longestMs = Math.max(longestMs, performance.now() - start);
      written++;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const { code, out } = await backup.ended;
    expect(code).toBe(0);
    const path = out.split("\n")[0] ?? "";
    const rows = Number(query(path, "SELECT COUNT(*) FROM pairs")[0]);
    expect(rows).toBeGreaterThan(0);
    expect(rows, "writes went on after its moment").toBeLessThan(written);
    expect(query(path, "SELECT COUNT(*) FROM pairs WHERE a <> b OR a >= (SELECT COUNT(*) FROM pairs)")).toEqual([0]);
    expect(longestMs).toBeLessThan(1_000); // 10 to 60 ms on a machine that does nothing else
  });

  test.each(["SIGINT", "SIGTERM"] as const)("that is stopped by %s leaves nothing behind", async (signal) => {
    await using db = await testDb();
    await addUsers(db, 20_000);
    const backup = begin("backup", { env: { DATABASE_URL: db.url } });
    const folder = join(dirname(fileOf(db.url)), "backup");
    const partial = async () =>
      (existsSync(folder) ? await readdir(folder) : []).find((name) => name.endsWith(".partial"));
    let name: string | undefined;
    while (name === undefined || (await stat(join(folder, name))).size === 0) {
      name = await partial();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    backup.child.kill(signal);
    expect(await backup.ended).toEqual({ code: signal === "SIGINT" ? 130 : 143, out: "", errors: "Stopped.\n" });
    expect(await readdir(folder)).toEqual([]);
  });

  test.skipIf(cannotMount)(`that does not fit on its disk is refused before it fills it${cannotMount}`, async () => {
    await using db = await testDb();
    await addUsers(db, 1_000);
    await using folder = await temporaryFolder();
    const options = { env: { DATABASE_URL: db.url }, args: [folder.path], within: onDisk(folder.path, "2m") };
    const { code, errors } = await run("backup", options);
    expect(code).toBe(1);
    expect(errors).toMatch(/cannot be copied: it needs about 4\.\d MB and the disk has 2\.\d MB left\.\n$/);
  });
});

describe("a restore", () => {
  /** A backup of two users, and the database with one more, which somebody has open. */
  async function startWorld() {
    await using stack = new AsyncDisposableStack();
    const folder = stack.use(await temporaryFolder());
    const backup = join(folder.path, "backup.db");
    {
      await using db = await testDb();
      await addUsers(db, 2);
      expect(await run("backup", { env: { DATABASE_URL: db.url }, args: [backup] })).toMatchObject({ code: 0 });
    }
    const data = join(folder.path, "data");
    await mkdir(data);
    const file = join(data, "wishbell.db");
    await copyFile(backup, file);
    const user = stack.use(new DatabaseSync(file));
    user.exec("PRAGMA journal_mode = WAL");
    user.exec("INSERT INTO users (id, type, language, created_at) VALUES (99, 'private', 'en', 0)");
    const everything = stack.move();
    return {
      ...{ backup, data, file, user },
      restore: (...args: string[]) => run("restore", { env: { DATABASE_URL: `file:${file}` }, args }),
      files: async () => (await readdir(data)).map((name) => name.replace(/restore-.+Z/, "restore-T")).sort(),
      [Symbol.asyncDispose]: () => everything.disposeAsync(),
    };
  }
  const users = (file: string) => query(file, "SELECT COUNT(*) FROM users")[0];
  const asideOf = ({ out }: Run) => /kept as (.+)\.\n/.exec(out)?.[1] ?? "";

  test("takes the place of a database that nobody has open; the old one is kept whole, its owner and mode go over", async () => {
    await using world = await startWorld();
    const { file, backup, user } = world;
    const { mode, uid } = await stat(file);
    expect(await world.restore(backup)).toEqual({
      code: 1,
      out: "",
      errors: expect.stringMatching(`^${file} is in use: stop every instance of the bot first`),
    });
    user.close();
    const restored = await world.restore(backup);
    expect(restored).toMatchObject({ code: 0, errors: "" });
    expect(restored.out).toMatch(`${file} is as in ${backup} now: `);
    expect([users(file), users(asideOf(restored)), users(backup)]).toEqual([2, 3, 2]);
    expect(await stat(file)).toMatchObject({ mode, uid });
    expect(await world.files()).toEqual(["wishbell.db", "wishbell.db.before-restore-T"]);
  });

  test("does not mix with the -wal that a killed bot left behind", async () => {
    await using world = await startWorld();
    const { file, backup, user, data } = world;
    const ends = ["", "-wal", "-shm"];
    for (const end of ends) await copyFile(file + end, `${data}/copy${end}`); // what a kill would leave
    user.close();
    for (const end of ends) await rename(`${data}/copy${end}`, file + end);
    expect((await stat(`${file}-wal`)).size).toBeGreaterThan(0);
    const restored = await world.restore(backup);
    expect(restored).toMatchObject({ code: 0, errors: "" });
    expect([users(file), users(asideOf(restored))], "the old one has what was in its -wal").toEqual([2, 3]);
    expect(await world.files()).toEqual(["wishbell.db", "wishbell.db.before-restore-T"]);
  });

  test("of a damaged database keeps all of its files as they were, and says that nobody can tell who uses it", async () => {
    await using world = await startWorld();
    const { file, backup, user } = world;
    user.close();
    for (const end of ["", "-wal"]) await writeFile(file + end, "rubbish ".repeat(1_000));
    const restored = await world.restore(backup);
    expect(restored.code).toBe(0);
    expect(restored.out).toContain("make sure that none runs");
    expect(users(file)).toBe(2);
    for (const end of ["", "-wal"]) {
      expect(await readFile(asideOf(restored) + end, "utf8")).toBe("rubbish ".repeat(1_000));
    }
    expect(existsSync(`${file}-wal`)).toBe(false);
  });

  test("where there is no database yet puts it there", async () => {
    await using world = await startWorld();
    const file = join(world.data, "new", "wishbell.db");
    const { code, out } = await run("restore", { env: { DATABASE_URL: `file:${file}` }, args: [world.backup] });
    expect(code).toBe(0);
    expect(out).not.toContain("kept as");
    expect(await readdir(dirname(file))).toEqual(["wishbell.db"]);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  test("from what is no good changes nothing", async () => {
    await using world = await startWorld();
    const { file, backup, user, data, restore } = world;
    user.close();
    const bad = `${backup}.bad`;
    await writeFile(bad, "rubbish ".repeat(1_000));
    expect(await restore(bad)).toEqual({ code: 1, out: "", errors: `${bad} cannot be copied: it is no database.\n` });
    await copyFile(backup, bad);
    {
      using db = new DatabaseSync(bad);
      db.enableDefensive(false);
      db.exec(`PRAGMA writable_schema = ON; UPDATE users SET title = NULL;
        UPDATE sqlite_schema SET sql = replace(sql, '\`title\` text', '\`title\` text NOT NULL')`);
    }
    expect((await restore(bad)).errors).toMatch(
      /cannot be copied: the copy is damaged \(NULL value in users\.title\)\.\n$/,
    );
    expect((await restore(file)).errors).toMatch(/is the database itself/);
    expect((await restore(join(data, "none.db"))).errors).toMatch(/^There is no backup at /);
    expect(await restore()).toMatchObject({ code: 2, errors: expect.stringMatching(/^Usage: npm run restore/) });
    expect(users(file)).toBe(3);
    expect(await world.files()).toEqual(["wishbell.db"]);
  });

  test("never replaces what was kept before", async () => {
    await using folder = await temporaryFolder();
    const [file, aside] = [join(folder.path, "a.db"), join(folder.path, "b.db")];
    expect(await setAside(file, aside)).toBe(false);
    await writeFile(file, "old");
    expect(await setAside(file, aside)).toBe(true);
    await expect(setAside(file, aside)).rejects.toThrow(`${aside} is there already`);
  });
});

describe("the progress of a copy", () => {
  const shown = (isTTY: boolean) => {
    let [text, now] = ["", 0];
    const progress = showProgress({ isTTY, columns: 40, write: (more) => (text += more) }, () => now);
    for (now = 0; now <= 11_000; now += 1_000) progress.copied(now * 100_000, 1_000_000_000);
    now = 17_000;
    progress.checking();
    progress.end();
    return text;
  };

  test("is one line on a terminal, cut to its width", () => {
    const parts = shown(true).split("\r\x1b[K");
    expect(parts.slice(0, 3)).toEqual([
      "",
      "copied 0.0 kB of about 1.00 GB (0 %), 0",
      "copied 100.0 MB of about 1.00 GB (10 %)",
    ]);
    expect(parts.slice(-2)).toEqual(["checking the copy, 17.0 s", ""]);
  });

  test("is a line every few seconds elsewhere", () => {
    expect(shown(false)).toBe(
      "copied 500.0 MB of about 1.00 GB (50 %), 5.0 s\n" +
        "copied 1.00 GB of about 1.00 GB (100 %), 10.0 s\n" +
        "checking the copy, 17.0 s\n",
    );
  });
});
