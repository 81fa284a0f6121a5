import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Database, openDatabase } from "../../src/db/client.ts";
import { migrate } from "../../src/db/migrate.ts";
import { readMigrationFiles } from "../../src/db/orm.ts";
import { type Child, startChild } from "./child.ts";
import { temporaryFolder } from "./test-db.ts";

const breakpoint = "--> statement-breakpoint";
/** Migrations that tell how often they have run. */
const counting = [
  `CREATE TABLE runs (n INTEGER);${breakpoint}INSERT INTO runs VALUES (0);`,
  `UPDATE runs SET n = n + 1;${breakpoint}CREATE TABLE later (a);`,
  "UPDATE runs SET n = n + 10;",
];

test("applies what is missing, once, and says how many", async () => {
  await using project = await temporaryProject();
  const { db, folder } = project;
  await writeMigrations(folder, counting.slice(0, 1));
  expect(await migrate(db, folder)).toBe(1);
  await writeMigrations(folder, counting);
  expect(await migrate(db, folder)).toBe(2);
  expect(await migrate(db, folder)).toBe(0);
  expect(await runs(db)).toBe(11);
});

test("a migration that was merged late, with an earlier date, is applied all the same", async () => {
  await using project = await temporaryProject();
  const { db, folder } = project;
  await writeMigrations(folder, ["CREATE TABLE a (b)", "CREATE TABLE c (d)"]);
  await migrate(db, folder);
  await writeMigrations(folder, ["CREATE TABLE a (b)", "CREATE TABLE between_them (b)", "CREATE TABLE c (d)"]);
  expect(await migrate(db, folder)).toBe(1);
});

test("one that fails takes the others of its run back with it", async () => {
  await using project = await temporaryProject();
  const { db, folder } = project;
  await writeMigrations(folder, ["CREATE TABLE a (b)", `CREATE TABLE c (d);${breakpoint}nonsense`]);
  await expect(migrate(db, folder)).rejects.toThrow(/syntax error/);
  expect(await tables(db)).toEqual(["__drizzle_migrations"]);
  await writeMigrations(folder, ["CREATE TABLE a (b)", "CREATE TABLE c (d)"]);
  expect(await migrate(db, folder)).toBe(2);
});

test("a database that a newer version has migrated is refused", async () => {
  await using project = await temporaryProject();
  const { db, folder } = project;
  await writeMigrations(folder, counting);
  await migrate(db, folder);
  await writeMigrations(folder, counting.slice(0, 2));
  await expect(migrate(db, folder)).rejects.toThrow(/a newer version has run on it\. Deploy that version/);
});

test("every statement of a migration runs, with or without breakpoints", async () => {
  await using project = await temporaryProject();
  const { db, folder } = project;
  await writeMigrations(folder, ["CREATE TABLE a (b); INSERT INTO a VALUES (1); -- done\n"]);
  await migrate(db, folder);
  expect((await db.client.execute("SELECT b FROM a")).rows).toEqual([{ b: 1 }]);
});

test("a table that others refer to can be rebuilt without losing their rows", async () => {
  await using project = await temporaryProject();
  const { db, folder } = project;
  const family = `CREATE TABLE parents (id INTEGER PRIMARY KEY);${breakpoint}
    CREATE TABLE children (parent REFERENCES parents (id) ON DELETE CASCADE);${breakpoint}
    INSERT INTO parents VALUES (1);${breakpoint}INSERT INTO children VALUES (1);`;
  const rebuild = `CREATE TABLE new_parents (id INTEGER PRIMARY KEY, name TEXT);${breakpoint}
    INSERT INTO new_parents (id) SELECT id FROM parents;${breakpoint}
    DROP TABLE parents;${breakpoint}ALTER TABLE new_parents RENAME TO parents;`;
  await writeMigrations(folder, [family]);
  await migrate(db, folder);
  await writeMigrations(folder, [family, rebuild]);
  await migrate(db, folder);
  expect((await db.client.execute("SELECT parent FROM children")).rows).toEqual([{ parent: 1 }]);

  await expect(db.client.execute("INSERT INTO children VALUES (404)"), "foreign keys act again").rejects.toThrow(
    /FOREIGN/,
  );
  await writeMigrations(folder, [family, rebuild, "DELETE FROM parents"]);
  await expect(migrate(db, folder)).rejects.toThrow(/a row of children would refer to a row of parents/);
});

test("our own migrations hold one statement a step, as a server demands", async () => {
  await using project = await temporaryProject();
  await using stepwise = await temporaryProject();
  await migrate(project.db);
  const own = readMigrationFiles({ migrationsFolder: fileURLToPath(new URL("../../drizzle", import.meta.url)) });
  // A prepared statement runs the first of several and ignores the others.
  for (const step of own.flatMap(({ sql }) => sql)) await stepwise.db.client.execute(step);
  expect((await tables(project.db)).filter((name) => name !== "__drizzle_migrations")).toEqual(
    await tables(stepwise.db),
  );
  expect((await stepwise.db.client.execute("SELECT COUNT(*) AS n FROM scheduler_lock")).rows).toEqual([{ n: 1 }]);
});

describe("eight processes that start at once", () => {
  let instances: Child[];
  beforeAll(() => {
    instances = Array.from({ length: 8 }, () => startChild("starter.ts"));
  });
  afterAll(() => Promise.all(instances.map((each) => each.kill())));

  test.each([0, 1, 2])("all get through, and each migration is applied once; %i are there before", async (before) => {
    await using folder = await temporaryFolder();
    const migrations = join(folder.path, "drizzle");
    for (let round = 0; round < 4; round++) {
      const url = `file:${join(folder.path, `round-${round}`, "new.db")}`;
      if (before > 0) {
        await using db = await openDatabase({ url });
        await writeMigrations(migrations, counting.slice(0, before));
        await migrate(db, migrations);
      }
      await writeMigrations(migrations, counting);
      for (const instance of instances) instance.write(`${JSON.stringify({ url, migrations })}\n`);
      const answers = await Promise.all(instances.map((instance) => instance.line()));
      expect(answers.sort()).toEqual([...Array(7).fill("applied 0"), `applied ${counting.length - before}`]);
      await using db = await openDatabase({ url });
      expect(await runs(db)).toBe(11);
    }
  });
});

async function temporaryProject() {
  const root = await temporaryFolder();
  const db = await openDatabase({ url: `file:${join(root.path, "test.db")}` });
  return {
    db,
    folder: join(root.path, "drizzle"),
    async [Symbol.asyncDispose]() {
      await db.close();
      await root.remove();
    },
  };
}

/** Writes migrations as drizzle-kit lays them out. */
async function writeMigrations(folder: string, migrations: string[]): Promise<void> {
  const entries = migrations.map((_, idx) => ({
    idx,
    version: "6",
    when: 1_000 + idx,
    tag: `step_${idx}`,
    breakpoints: true,
  }));
  const journal = join(folder, "meta", "_journal.json");
  await mkdir(dirname(journal), { recursive: true });
  await writeFile(journal, JSON.stringify({ version: "7", dialect: "sqlite", entries }));
  await Promise.all(migrations.map((sql, idx) => writeFile(join(folder, `step_${idx}.sql`), sql)));
}

async function runs(db: Database) {
  return (await db.client.execute("SELECT n FROM runs")).rows[0]?.n;
}

async function tables(db: Database) {
  const { rows } = await db.client.execute(
    "SELECT name FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY name",
  );
  return rows.map(({ name }) => name);
}
