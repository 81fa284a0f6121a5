import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import type { Wishlist } from "../../sandbox/fetta/index.ts";
import type { Person } from "../../sandbox/telegram/types.ts";
import { cannotMount, diskOf, onDisk } from "./disk.ts";
import { type Launched, type LogLine, launchBot, root, whenUp } from "./instance.ts";
import { PATIENCE_MS, startWorld, told, until, type World } from "./world.ts";

/** A leader trusts its lease for three quarters of it. */
const LEASE = { HEARTBEAT_SECONDS: "1", LOCK_STALE_SECONDS: "6" };
const SORRY = "Something went wrong on my side";
/** What is promised once the database can be written again. */
const RESUMES_MS = 30_000;

test.skipIf(cannotMount).concurrent(
  `on a full disk it reads, apologises for what it cannot write, and steps down; with space it goes on by itself${cannotMount}`,
  async () => {
    await using world = await startWorld(LEASE);
    const { telegram, fetta } = world;
    const folder = join(world.folder, "disk");
    await mkdir(folder);
    const env = { ...world.env, DATABASE_URL: `file:${folder}/wishbell.db` };
    await using bot = await whenUp(launchBot(env, onDisk(folder, "2m")));
    const disk = diskOf(bot, folder);
    const mila = fetta.streamer("mila");
    const fan = telegram.person({ languageCode: "en" });
    await world.track(fan, mila);

    await using crowd = startCrowd(world, mila);
    await until("some are answered", () => crowd.acknowledged().length >= 5);
    disk.fill();
    mila.add({ name: "A lamp" });
    telegram.say("/list", { from: fan });
    await telegram.until(fan, /You follow 1 streamer/);
    await until("somebody is told to try again", () =>
      crowd.people.some((person) => told(telegram, person, SORRY) > 0),
    );
    await bot.line("lock lost", { timeoutMs: 8_000 });
    await bot.line(({ msg }) => msg === "lock cannot be read or taken");
    await sleep(2_000);
    expect(bot.lines.filter(({ msg }) => msg === "check not recorded").length, "it does not spin").toBeLessThan(5);
    expect(told(telegram, fan, "A lamp")).toBe(0);
    expect(causes(bot.lines)).toContainEqual(
      expect.stringMatching(
        `file ${folder}/wishbell.db: its disk is full. Make space: writing goes on by itself then$`,
      ),
    );

    disk.clear();
    await telegram.until(fan, /A lamp/, RESUMES_MS);
    await crowd.stop();
    expect(told(telegram, fan, "A lamp")).toBe(1);
    // As a power cut would leave it.
    const cut = join(world.folder, "cut.db");
    bot.child.kill("SIGSTOP");
    for (const end of ["", "-wal"]) await copyFile(join(disk.path, `wishbell.db${end}`), cut + end);
    bot.child.kill("SIGCONT");
    using file = new DatabaseSync(cut);
    expectKept(crowd, file);
    expect(bot.lines.filter(({ level }) => level === "fatal")).toEqual([]);
    expect(await bot.stop()).toBe(0);
  },
  PATIENCE_MS,
);

test.concurrent(
  "a foreign process that locks the file is waited for, the event loop free; longer than the lease, the leader steps down first",
  async () => {
    await using world = await startWorld({ ...LEASE, ...loopWatch });
    const { telegram, fetta } = world;
    const bot = await world.start();
    const mila = fetta.streamer("mila");
    const fan = telegram.person({ languageCode: "en" });
    await world.track(fan, mila);
    const db = await world.database();
    await using crowd = startCrowd(world, mila);
    await until("some are answered", () => crowd.acknowledged().length >= 5);
    await longestPauseMs(bot);

    const short = await db.client.transaction("write");
    mila.add({ name: "A lamp" });
    await sleep(2_000);
    short.close();
    await telegram.until(fan, /A lamp/);
    expect(bot.lines.filter(({ msg }) => msg === "lock lost")).toEqual([]);

    const long = await db.client.transaction("write");
    const lockedAt = performance.now();
    mila.add({ name: "A chair" });
    await bot.line("lock lost", { timeoutMs: 8_000 });
    expect(performance.now() - lockedAt, "before anybody else may take over").toBeLessThan(6_000);
    await sleep(4_000);
    expect(told(telegram, fan, "A chair")).toBe(0);
    long.close();
    await telegram.until(fan, /A chair/, RESUMES_MS);
    // 50 ms on a machine that does nothing else; what is to be noticed, SQLite's own waiting, takes seconds.
    expect(await longestPauseMs(bot)).toBeLessThan(1_000);

    await crowd.stop();
    expect(["A lamp", "A chair"].map((name) => told(telegram, fan, name))).toEqual([1, 1]);
    expect(await bot.metric("db_poison_total")).toBe(0);
    await bot.stop("SIGKILL");
    await db.close();
    using file = new DatabaseSync(world.databaseUrl.slice("file:".length));
    expectKept(crowd, file);
  },
  PATIENCE_MS,
);

test.concurrent(
  "a file that is moved away or replaced under a running bot takes no more writes, and goes on when it is back",
  async () => {
    await using world = await startWorld(LEASE);
    const { telegram, fetta } = world;
    const bot = await world.start();
    const file = world.databaseUrl.slice("file:".length);
    const mila = fetta.streamer("mila");
    const [fan, late] = [telegram.person({ languageCode: "en" }), telegram.person({ languageCode: "en" })];
    await world.track(fan, mila);

    await rename(file, `${file}.away`);
    telegram.say("/track mila", { from: late });
    await telegram.until(late, new RegExp(SORRY));
    await bot.line("lock lost", { timeoutMs: 8_000 });
    expect(causes(bot.lines)).toContainEqual(expect.stringMatching(/it is gone, or its disk is. Bring it back/));
    await rename(`${file}.away`, file);
    mila.add({ name: "A lamp" });
    await telegram.until(fan, /A lamp/, RESUMES_MS);

    await copyFile(file, `${file}.other`);
    await rename(`${file}.other`, file);
    telegram.say("/track mila", { from: late });
    await until("it is noticed", () =>
      causes(bot.lines).some((cause) => /it was replaced while in use. Restart/.test(cause)),
    );
    expect(told(telegram, late, "Tracking")).toBe(0);
    expect(await bot.stop()).toBe(0);
  },
  PATIENCE_MS,
);

test.skipIf(cannotMount).concurrent.each([
  ["its disk is read-only", "2m,ro", "true", /its disk is mounted read-only. Mount it for writing$/],
  ["its disk is full", "2m", 'head -c 3m /dev/zero > "$0/filler" 2> /dev/null || true', /its disk is full. Make space/],
  ["it is no database", "2m", 'head -c 9000 /dev/zero | tr "\\0" x > "$0/wishbell.db"', /it is damaged, or is no data/],
])(
  `a start says what to do when %s${cannotMount}`,
  async (_, options, prepare, words) => {
    await using world = await startWorld();
    const folder = join(world.folder, "disk");
    await mkdir(folder);
    const env = { ...world.env, DATABASE_URL: `file:${folder}/wishbell.db` };
    await using bot = launchBot(env, onDisk(folder, options, prepare));
    expect(await bot.ended).toBe(1);
    expect((await bot.line("cannot run")).err).toMatchObject({ message: expect.stringMatching(words) });
  },
  PATIENCE_MS,
);

test.skipIf(cannotMount).concurrent.each([
  ["wishbell.db", /\/folder may not be written by the user who runs this \(id \d+\)/],
  ["new/wishbell.db", /its folder \S+\/folder\/new is not there and cannot be made \(EACCES\): make it/],
])(
  `a start that may not write the folder of %s says so${cannotMount}`,
  async (name, words) => {
    await using world = await startWorld();
    const folder = join(world.folder, "folder");
    await mkdir(folder, { mode: 0o500 });
    // In a user namespace of its own even root has to ask.
    await using bot = launchBot({ ...world.env, DATABASE_URL: `file:${folder}/${name}` }, ["unshare", "-U"]);
    expect(await bot.ended).toBe(1);
    expect((await bot.line("cannot run")).err).toMatchObject({ message: expect.stringMatching(words) });
  },
  PATIENCE_MS,
);

test.concurrent(
  "a backup made while it works brings everything of its moment back after the database was destroyed",
  async () => {
    await using world = await startWorld(LEASE);
    const { telegram, fetta } = world;
    const file = world.databaseUrl.slice("file:".length);
    const bot = await world.start();
    const [mila, bob] = [fetta.streamer("mila"), fetta.streamer("bob")];
    const [fan, late] = [telegram.person({ languageCode: "en" }), telegram.person({ languageCode: "en" })];
    await world.track(fan, mila);
    mila.add({ name: "Before the backup" });
    await telegram.until(fan, /Before the backup/);

    let backup: string;
    {
      await using crowd = startCrowd(world, mila);
      await until("somebody is answered", () => crowd.acknowledged().length >= 3);
      const before = crowd.acknowledged();
      const made = await command(world, "backup");
      expect(made).toMatchObject({ code: 0, errors: "" });
      backup = made.out.split("\n")[0] ?? "";
      await crowd.stop();
      using copy = new DatabaseSync(backup, { readOnly: true });
      expect(trackers(copy), "what was acknowledged before").toEqual(
        expect.arrayContaining([fan, ...before].map(({ id }) => id)),
      );
      expect(trackers(copy).length).toBeLessThanOrEqual(crowd.people.length + 1);
    }
    await world.track(late, bob);
    mila.add({ name: "After the backup" });
    await telegram.until(fan, /After the backup/);

    const refused = await command(world, "restore", backup);
    expect(refused).toMatchObject({ code: 1, errors: expect.stringMatching(/is in use: stop every instance/) });
    await bot.stop("SIGKILL"); // which leaves a -wal behind
    await writeFile(file, "rubbish ".repeat(2_000), { flag: "r+" });
    const restored = await command(world, "restore", backup);
    expect(restored).toMatchObject({ code: 0, errors: "" });

    const started = performance.now();
    const next = await world.start();
    await next.line("lock acquired");
    expect(performance.now() - started).toBeLessThan(10_000);
    telegram.say("/list", { from: fan });
    await telegram.until(fan, /You follow 1 streamer/);
    const said = telegram.messages(late).length;
    telegram.say("/list", { from: late });
    await until("the answer", () => telegram.messages(late).length > said + 1);
    expect(telegram.messages(late).at(-1)?.text, "what came after the backup is lost").not.toContain(bob.name);
    mila.add({ name: "A new one" });
    await telegram.until(fan, /A new one/);
    expect(told(telegram, fan, "Before the backup")).toBe(1);
    expect(told(telegram, fan, "After the backup"), "it is news to the backup").toBe(2);
    expect(told(telegram, fan, "A new one")).toBe(1);
    expect(await next.stop()).toBe(0);
    using db = new DatabaseSync(file, { readOnly: true });
    expect(db.prepare("SELECT name FROM wishlist_events WHERE kind = 'added' ORDER BY id").all()).toEqual(
      ["Before the backup", "After the backup", "A new one"].map((name) => ({ name })),
    );
    expect(db.prepare("PRAGMA integrity_check").all()).toEqual([{ integrity_check: "ok" }]);
  },
  PATIENCE_MS,
);

type Crowd = AsyncDisposable & {
  people: Person[];
  /** Those who have been told that they follow the streamer now. */
  acknowledged(): Person[];
  /** Nobody else comes; resolves when everybody has an answer. */
  stop(): Promise<void>;
};

/** People who come one after the other, and want to follow a streamer that is known already. */
function startCrowd({ telegram }: World, wishlist: Wishlist): Crowd {
  const people: Person[] = [];
  const timer = setInterval(() => {
    const from = telegram.person({ languageCode: "en" });
    people.push(from);
    telegram.say(`/track ${wishlist.nickname}`, { from });
  }, 150);
  const acknowledged = () => people.filter((person) => told(telegram, person, "Tracking") > 0);
  const isAnswered = (person: Person) => told(telegram, person, "Tracking") + told(telegram, person, SORRY) > 0;
  return {
    people,
    acknowledged,
    async stop() {
      clearInterval(timer);
      await until("everybody has an answer", () => people.every(isAnswered), 20_000);
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
    },
  };
}

/** Nobody who was told that they follow the streamer does not. */
function expectKept(crowd: Crowd, file: DatabaseSync): void {
  expect(trackers(file)).toEqual(expect.arrayContaining(crowd.acknowledged().map(({ id }) => id)));
  expect(crowd.acknowledged().length).toBeGreaterThan(10);
}

function trackers(file: DatabaseSync): unknown[] {
  return file
    .prepare("SELECT user_id FROM user_streamers")
    .all()
    .map(({ user_id: id }) => id);
}

/** The messages of the errors that were logged, and of what lies beneath them. */
function causes(lines: LogLine[]): string[] {
  type Logged = { message?: string; cause?: Logged } | undefined;
  const messages = (error: Logged): string[] => (error ? [error.message ?? "", ...messages(error.cause)] : []);
  return lines.flatMap(({ err }) => messages(err as Logged));
}

/** Has the process tell, when it gets SIGUSR2, for how long its event loop has stood still at most. */
const loopWatch = {
  NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(`
    import { monitorEventLoopDelay } from "node:perf_hooks";
    const delay = monitorEventLoopDelay({ resolution: 5 });
    delay.enable();
    process.on("SIGUSR2", () => {
      process.stdout.write(JSON.stringify({ level: "info", msg: "longest pause", ms: delay.max / 1e6 }) + "\\n");
      delay.reset();
    });`)}`,
};

/** Since it was asked last. */
async function longestPauseMs({ child, line, lines }: Launched): Promise<number> {
  const told = line("longest pause", { from: lines.length });
  child.kill("SIGUSR2");
  return Number((await told).ms);
}

/** Runs what `npm run backup` or `npm run restore` does. */
async function command(world: World, name: "backup" | "restore", ...args: string[]) {
  const env = { PATH: process.env.PATH, DATABASE_URL: world.databaseUrl };
  const child = spawn(process.execPath, [join(root, `src/${name}.ts`), ...args], { cwd: root, env });
  let [out, errors] = ["", ""];
  child.stdout.on("data", (text) => {
    out += text;
  });
  child.stderr.on("data", (text) => {
    errors += text;
  });
  const [code] = await once(child, "close");
  return { code, out, errors };
}
