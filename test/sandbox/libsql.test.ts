import { createClient } from "@libsql/client";
import { expect, test } from "vitest";
import { asks, type FaultKind, type Libsql, type LibsqlOptions, startLibsql } from "../../sandbox/libsql/libsql.ts";
import { temporaryFolder } from "../db/test-db.ts";

async function sandbox(options: LibsqlOptions = {}) {
  const server = await startLibsql(options);
  const client = createClient({ url: server.url, ...(options.authToken && { authToken: options.authToken }) });
  await client.execute("CREATE TABLE a (id INTEGER PRIMARY KEY, b NOT NULL)");
  return { server, client, [Symbol.asyncDispose]: server.close };
}

/** Asks as plain HTTP does; gives the status and the answer, parsed when it is JSON. */
async function ask({ url }: Libsql, body: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(`${url}/v2/pipeline`, { method: "POST", body: JSON.stringify(body), headers });
  const text = await response.text();
  return { status: response.status, answer: text.startsWith("{") ? JSON.parse(text) : text };
}

const close = { type: "close" };
const execute = (sql: string, args: unknown[] = []) => ({ type: "execute", stmt: { sql, args, want_rows: true } });
const count = (server: Libsql) => server.database.prepare("SELECT COUNT(*) AS n FROM a").get()?.n;

test("the client's calls are one request each; batches are all or nothing", async () => {
  await using place = await sandbox();
  const { server, client } = place;
  const inserted = await client.execute({ sql: "INSERT INTO a (b) VALUES (?), (?) RETURNING id", args: ["x", 7n] });
  expect(inserted).toMatchObject({ columns: ["id"], rowsAffected: 2, lastInsertRowid: 2n });
  const results = await client.batch(
    ["UPDATE a SET b = 'y'", "SELECT b FROM a", "SELECT 1.5 AS c, x'00ff' AS d"],
    "write",
  );
  expect(results.map(({ rows, rowsAffected }) => [[...rows].map((row) => ({ ...row })), rowsAffected])).toEqual([
    [[], 2],
    [[{ b: "y" }, { b: "y" }], 0],
    [[{ c: 1.5, d: new Uint8Array([0, 255]).buffer }], 0],
  ]);
  const failing = client.batch(["INSERT INTO a VALUES (9, 9)", "INSERT INTO a VALUES (10, NULL)"], "write");
  await expect(failing).rejects.toThrow("SQLite error: NOT NULL constraint failed: a.b");
  await expect(failing).rejects.toMatchObject({ code: "SQLITE_CONSTRAINT" });
  await expect(client.batch(["DELETE FROM a"], "read")).rejects.toThrow(/readonly/);
  await client.executeMultiple("DELETE FROM a; INSERT INTO a VALUES (3, ';')");
  await client.migrate(["CREATE TABLE c (d REFERENCES a)", "INSERT INTO c VALUES (77)"]);
  await expect(client.execute("INSERT INTO c VALUES (78)")).rejects.toThrow(/FOREIGN KEY/);
  expect(count(server)).toBe(1);
  expect(server.requests.map(({ nth, statements, rowsWritten }) => [nth, statements.length, rowsWritten])).toEqual([
    [1, 1, 0],
    [2, 1, 2],
    [3, 3, 2],
    [4, 2, 1],
    [5, 1, 0],
    [6, 2, 3],
    [7, 2, 1],
    [8, 1, 0],
  ]);
  expect(server.asking(/^UPDATE a SET/)).toHaveLength(1);
});

test("keywords that name a column without quotes come back in capitals, and a trigger is one statement", async () => {
  await using place = await sandbox();
  const { client } = place;
  expect((await client.execute('SELECT 1 AS key, 2 AS "rows", 3 AS name')).columns).toEqual(["KEY", "rows", "name"]);
  await client.executeMultiple(`
    CREATE TRIGGER t AFTER INSERT ON a BEGIN UPDATE a SET b = 'seen' WHERE id = new.id; END; -- one;
    INSERT INTO a VALUES (1, 'new')`);
  expect((await client.execute("SELECT b FROM a")).rows).toEqual([{ b: "seen" }]);
});

test("a stream that is left open is refused: nothing here holds a transaction between requests", async () => {
  await using place = await sandbox();
  const transaction = await place.client.transaction("write");
  await expect(transaction.execute("DELETE FROM a")).rejects.toThrow(/501.+keeps no stream open/);
  expect((await ask(place.server, { baton: "abc", requests: [close] })).status).toBe(400);
});

test.each<[string, unknown[], string]>([
  ["nothing", [], "SQL_NO_STATEMENT"],
  ["DELETE FROM a; DELETE FROM a", [], "SQL_MANY_STATEMENTS"],
  ["DELET FROM a", [], "SQL_PARSE_ERROR"],
  ["VACUUM INTO 'x'", [], "SQL_PARSE_ERROR"],
  ["ATTACH 'x' AS y", [], "SQL_PARSE_ERROR"],
  ["PRAGMA journal_mode = DELETE", [], "SQL_PARSE_ERROR"],
  ["PRAGMA optimize", [], "SQL_PARSE_ERROR"],
  ["CREATE TEMP TABLE t (a)", [], "SQL_PARSE_ERROR"],
  ["DELETE FROM missing", [], "SQL_INPUT_ERROR"],
  ["SELECT ?", [], "ARGS_INVALID"],
  ["SELECT '?'", [{ type: "null" }], "ARGS_INVALID"],
  ["INSERT INTO a VALUES (1, NULL)", [], "SQLITE_CONSTRAINT"],
])("%s is refused as sqld refuses it", async (sql, args, code) => {
  await using place = await sandbox();
  const { status, answer } = await ask(place.server, {
    requests: [execute(sql === "nothing" ? " -- ; \n" : sql, args), close],
  });
  expect(status).toBe(200);
  expect(answer).toEqual({
    baton: null,
    base_url: null,
    results: [
      { type: "error", error: { code, message: expect.any(String) } },
      { type: "ok", response: { type: "close" } },
    ],
  });
});

test.each<[string, unknown]>([
  ["no JSON", "{"],
  ["an unknown request", { requests: [{ type: "dance" }, close] }],
  ["an integer that is no string", { requests: [execute("SELECT ?", [{ type: "integer", value: 5 }]), close] }],
  [
    "an integer of 65 bits",
    { requests: [execute("SELECT ?", [{ type: "integer", value: "9223372036854775808" }]), close] },
  ],
  ["text that was never stored", { requests: [{ type: "execute", stmt: { sql_id: 1 } }, close] }],
  ["SQL twice", { requests: [{ type: "execute", stmt: { sql: "SELECT 1", sql_id: 1 } }, close] }],
  [
    "a condition on what comes later",
    {
      requests: [
        { type: "batch", batch: { steps: [{ condition: { type: "ok", step: 0 }, stmt: { sql: "SELECT 1" } }] } },
        close,
      ],
    },
  ],
  [
    "a condition of version 3",
    {
      requests: [
        { type: "batch", batch: { steps: [{ condition: { type: "is_autocommit" }, stmt: { sql: "SELECT 1" } }] } },
        close,
      ],
    },
  ],
])("%s breaks the protocol: 400", async (_, body) => {
  await using server = await startLibsql();
  const response = await fetch(`${server.url}/v2/pipeline`, {
    method: "POST",
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  expect([response.status, response.headers.get("content-type")]).toEqual([400, "text/plain"]);
  expect(server.requests).toEqual([]);
});

test("stored SQL has sqld's limits", async () => {
  await using server = await startLibsql();
  const store = (sql_id: number, sql: string) => ({ type: "store_sql", sql_id, sql });
  const many = Array.from({ length: 51 }, (_, n) => store(n, "SELECT 1"));
  const { answer } = await ask(server, { requests: [store(99, `SELECT '${"x".repeat(5_000)}'`), ...many, close] });
  const codes = answer.results.map(({ error }: { error?: { code: string } }) => error?.code ?? "ok");
  expect([codes[0], codes[50], codes[51]]).toEqual(["SQL_STORE_TOO_LARGE", "ok", "SQL_STORE_TOO_MANY"]);
});

test("without its token a client gets a 401, and nothing is done", async () => {
  await using place = await sandbox({ authToken: "test-token" });
  const { server } = place;
  const stranger = createClient({ url: server.url, authToken: "another" });
  await expect(stranger.execute("INSERT INTO a VALUES (1, 1)")).rejects.toThrow("HTTP status 401");
  expect((await ask(server, { requests: [close] })).answer).toEqual({ error: "Unauthorized: `The JWT is invalid`" });
  expect(count(server)).toBe(0);
});

const INSERT = "INSERT INTO a VALUES (1, 1)";
test.each<[FaultKind, RegExp, number, number]>([
  [{ kind: "html", status: 502 }, /HTTP status 502/, 0, 502],
  [{ kind: "html", status: 504, done: true }, /HTTP status 504/, 1, 504],
  [{ kind: "error", status: 500, message: "out of luck" }, /HTTP status 500/, 0, 500],
  [{ kind: "busy" }, /database is locked/, 0, 200],
  [{ kind: "reset" }, /fetch failed/, 0, 0],
  [{ kind: "reset", done: true }, /fetch failed/, 1, 0],
  [{ kind: "cut" }, /JSON/, 1, 200],
])("%j: the client fails, and it is or is not done", async (kind, message, done, status) => {
  await using place = await sandbox();
  const { server, client } = place;
  for (const call of [() => client.execute(INSERT), () => client.batch([INSERT], "write")]) {
    server.fault({ when: asks(/^INSERT/), times: 1, do: kind });
    await expect(call()).rejects.toThrow(message);
    expect([count(server), server.requests.at(-1)?.status]).toEqual([done, status]);
    await client.execute("DELETE FROM a");
  }
  await client.execute(INSERT);
  expect(count(server)).toBe(1);
});

test.each<[FaultKind, number]>([
  [{ kind: "hang" }, 0],
  [{ kind: "hang", done: true }, 1],
  [{ kind: "stop" }, 0],
  [{ kind: "stop", done: true }, 1],
])("%j: the client waits for as long as it likes", async (kind, done) => {
  await using place = await sandbox();
  const { server } = place;
  server.fault({ when: asks(/^INSERT/), do: kind });
  const asked = ask(server, { requests: [execute(INSERT), close] });
  expect(await Promise.race([asked, new Promise((resolve) => setTimeout(resolve, 100, "waits"))])).toBe("waits");
  expect(count(server)).toBe(done);
  asked.catch(() => undefined);
});

test("work may be answered late, or begin late when nobody waits for it any more; faults go away", async () => {
  await using place = await sandbox();
  const { server, client } = place;
  const remove = server.fault({ when: asks(/^INSERT/), do: { kind: "delay", ms: 100 } });
  const started = performance.now();
  const delayed = client.execute(INSERT);
  await expect.poll(() => count(server)).toBe(1);
  await delayed;
  expect(performance.now() - started).toBeGreaterThan(95);
  remove();

  server.fault({ when: asks(/^DELETE/), times: 1, do: { kind: "late", ms: 100 } });
  const body = JSON.stringify({ requests: [execute("DELETE FROM a"), close] });
  const signal = AbortSignal.timeout(30);
  await expect(fetch(`${server.url}/v2/pipeline`, { method: "POST", body, signal })).rejects.toThrow(/timeout/);
  expect(count(server)).toBe(1);
  await expect.poll(() => count(server)).toBe(0);
});

test("a database in a file outlives its server, which may come back where it was", async () => {
  await using folder = await temporaryFolder();
  const file = `${folder.path}/sqld.db`;
  const first = await sandbox({ file, latencyMs: 20 });
  const started = performance.now();
  await first.client.execute(INSERT);
  expect(performance.now() - started).toBeGreaterThan(18);
  await first.server.close();
  await expect(first.client.execute(INSERT)).rejects.toThrow(/fetch failed/);
  await using server = await startLibsql({ file, port: Number(new URL(first.server.url).port) });
  expect((await first.client.execute("SELECT b FROM a")).rows).toEqual([{ b: 1 }]);
  expect(server.requests).toHaveLength(1);
});
