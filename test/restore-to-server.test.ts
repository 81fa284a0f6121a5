import { spawn } from "node:child_process";
import { once } from "node:events";
import { DatabaseSync } from "node:sqlite";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { asks, type Libsql, startLibsql } from "../sandbox/libsql/libsql.ts";
import { openDatabase } from "../src/db/client.ts";
import { migrate } from "../src/db/migrate.ts";
import { type TestDatabase, testDb } from "./db/test-db.ts";

const authToken = "secret-token-of-the-server";
const PROGRAM = fileURLToPath(new URL("../src/restore.ts", import.meta.url));

/** Runs what `npm run restore` does, for a database on a server. */
function restore(server: Libsql, file: string, env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [PROGRAM, file], {
    cwd: "/",
    env: { PATH: process.env.PATH, DATABASE_URL: server.url, DATABASE_AUTH_TOKEN: authToken, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = Promise.all([once(child, "close"), text(child.stdout), text(child.stderr)]).then(
    ([[code], out, errors]) => ({ code, out, errors }),
  );
  return { child, ended };
}

/** Streamers whose names SQL and JSON would mind, more of them than one request takes; some numbers that are not whole. */
async function filled(): Promise<AsyncDisposable & TestDatabase & { file: string }> {
  const db = await testDb();
  await db.client.batch(
    [
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 700)
       INSERT INTO streamers (source, owner_id, nickname, name, url, created_at) SELECT 'fetta', i, 'n' || i, 'it''s "Сова" 🔔?', 'x', 0 FROM n`,
      "DELETE FROM streamers WHERE id > 690",
      "INSERT INTO users (id, type, language, created_at, settings) VALUES (-1001234567890123, 'channel', 'ru', 0, '{}')",
      "INSERT INTO user_streamers (user_id, streamer_id, created_at) SELECT -1001234567890123, id, 5 FROM streamers",
    ],
    "write",
  );
  return { ...db, file: db.url.slice("file:".length) };
}

/** Every table's rows, and everything that makes the schema. */
function contents(db: DatabaseSync): Record<string, unknown> {
  const all = (sql: string) => {
    const query = db.prepare(sql);
    query.setReadBigInts(true);
    return query.all();
  };
  const tables = all("SELECT name FROM sqlite_master WHERE type = 'table'").map(({ name }) => String(name));
  const rows = tables.map((name) => [name, all(`SELECT rowid, * FROM "${name}" ORDER BY rowid`)]);
  return { ...Object.fromEntries(rows), "the schema": all("SELECT type, name, sql FROM sqlite_master ORDER BY name") };
}

test("a database goes to an empty server as it is, and the bot takes it for its own", async () => {
  await using db = await filled();
  await using server = await startLibsql({ authToken });
  const { code, out, errors } = await restore(server, db.file).ended;
  expect({ code, errors }).toEqual({ code: 0, errors: "" });
  expect(out).toMatch(/^The server has what is in .+ now: 1 users, 690 trackings\.\nStart the bot\./);
  using file = new DatabaseSync(db.file, { readOnly: true });
  expect(contents(server.database)).toEqual(contents(file));
  await using there = await openDatabase({ url: server.url, authToken });
  expect(await migrate(there)).toBe(0);
  expect(Math.max(...server.requests.map(({ rowsWritten }) => rowsWritten)), "a portion at a time").toBeLessThan(1_000);
});

test("nothing is written over what is on the server", async () => {
  await using db = await filled();
  await using server = await startLibsql({ authToken });
  await using there = await openDatabase({ url: server.url, authToken });
  await migrate(there);
  const before = contents(server.database);
  expect(await restore(server, db.file).ended).toEqual({
    code: 1,
    out: "",
    errors: `${new URL(server.url).host} has tables of Wishbell already, and nothing there is overwritten. Make the database there anew, empty, before you repeat this.\n`,
  });
  expect(contents(server.database)).toEqual(before);
});

test("the bot does not start on a copy that was cut off, by the server or by Ctrl-C", async () => {
  await using db = await filled();
  for (const how of ["server", "signal"] as const) {
    await using server = await startLibsql({ authToken, latencyMs: 20 });
    const when = asks(/^INSERT INTO "user_streamers"/);
    if (how === "server") server.fault({ when, do: { kind: "error", status: 500, message: "no space" } });
    const { child, ended } = restore(server, db.file);
    if (how === "signal") {
      while (!server.requests.some(when)) await new Promise((resolve) => setTimeout(resolve, 5));
      child.kill("SIGINT");
    }
    const { code, errors } = await ended;
    expect(code).toBe(how === "server" ? 1 : 130);
    expect(errors).toMatch(
      how === "server" ? /does not take it: .*500.*\. The bot does not start on what/ : /^Stopped/,
    );
    await using there = await openDatabase({ url: server.url, authToken });
    await expect(migrate(there)).rejects.toThrow(/already exists/);
  }
});

test("who is refused, and what cannot be reached, is told in words without the token", async () => {
  await using db = await filled();
  await using server = await startLibsql({ authToken });
  const { host } = new URL(server.url);
  const wrong = await restore(server, db.file, { DATABASE_AUTH_TOKEN: "wrong" }).ended;
  expect(wrong).toMatchObject({ code: 1, errors: expect.stringMatching(/refuses DATABASE_AUTH_TOKEN \(401\)/) });
  expect((await restore(server, PROGRAM).ended).errors).toBe(`${PROGRAM} cannot be copied: it is no database.\n`);
  await server.close();
  const { errors } = await restore(server, db.file).ended;
  expect(errors).toMatch(new RegExp(`^${host} does not take it: fetch failed, .*ECONNREFUSED`));
  expect(wrong.errors + errors).not.toContain(authToken);
});
