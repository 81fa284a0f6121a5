import { GrammyError } from "grammy";
import { expect, test, vi } from "vitest";
import {
  type Incident,
  lastHour,
  markIncidentsTold,
  noteIncidents,
  pruneIncidents,
  untoldIncidents,
} from "../src/db/incidents.ts";
import { sql } from "../src/db/orm.ts";
import { batch } from "../src/db/sql.ts";
import { createIncidents, keepIncidents } from "../src/incidents.ts";
import { createLog } from "../src/log.ts";
import { testDb } from "./db/test-db.ts";

const TOKEN = "42:TEST-token_abcdefghijklmnopqrstuvwxyz";

/** A log whose warnings are counted. */
function watched() {
  const incidents = createIncidents();
  const destination = { write: () => undefined };
  return { incidents, log: createLog({ level: "info", secrets: [TOKEN], destination, noted: incidents.note }) };
}

test("warnings and errors are counted by what they say; ids, secrets and everyday refusals are left out", () => {
  const { incidents, log } = watched();
  log.info("fine");
  log.warn({ outcome: "unreachable", reason: "GET /x?uid=123456: status 503" }, "check failed");
  log.warn({ outcome: "unreachable", reason: "GET /x?uid=654321: status 503" }, "check failed");
  log.warn(
    { outcome: "closed", chat_id: 4_242, error: "403 Forbidden: bot was blocked by the user" },
    "not delivered yet",
  );
  const refused = new GrammyError(
    "Call to 'sendMessage' failed!",
    { ok: false, error_code: 400, description: `Bad Request: chat -100200300 of ${TOKEN}` },
    "sendMessage",
    { chat_id: 4_242, text: "private" },
  );
  log.error({ err: refused }, "update failed");
  const cause = Object.assign(new Error("SQLITE_FULL: database or disk is full"), { code: "SQLITE_FULL" });
  log.fatal({ err: new Error("Failed query: insert … params: 4242, Secret title", { cause }) }, "check not recorded");
  expect(incidents.take()).toEqual<Incident[]>([
    { level: "warn", what: "check failed", detail: "unreachable: GET /x?uid=…: status 503", count: 2 },
    { level: "error", what: "update failed", detail: "400 Bad Request: chat … of [redacted]", count: 1 },
    { level: "error", what: "check not recorded", detail: "SQLITE_FULL: database or disk is full", count: 1 },
  ]);
  expect(incidents.take()).toEqual([]);
});

test("however many different ones come, only so many are kept apart", () => {
  const { incidents, log } = watched();
  for (let n = 0; n < 200; n++) log.warn({ error: `fault ${n}` }, "odd");
  const taken = incidents.take();
  expect(taken.length).toBeLessThan(60);
  expect(taken.reduce((sum, { count }) => sum + count, 0)).toBe(200);
  expect(taken.at(-1)).toMatchObject({ detail: "…", count: 150 });
});

test("what was counted is written at the latest when it ends, and kept while it cannot be written", async () => {
  const { incidents, log } = watched();
  const written: Incident[][] = [];
  log.warn("one");
  {
    await using _keeping = keepIncidents(incidents, async () => {
      throw new Error("disk full");
    });
  }
  log.warn("one");
  {
    await using _keeping = keepIncidents(incidents, async (list) => void written.push(list));
  }
  expect(written).toEqual([[{ level: "warn", what: "one", detail: "", count: 2 }]]);
});

test("the database adds them up, tells those of the last hour, and knows which have been told", async () => {
  await using db = await testDb();
  const orm = db.for("test");
  const one = { level: "warn", what: "check failed", detail: "blocked", count: 2 } as const;
  const worse = { level: "error", what: "update failed", detail: "", count: 1 } as const;
  await noteIncidents(orm, [one, worse]);
  await noteIncidents(orm, [one]);
  expect(await lastHour(orm)).toEqual([worse, { ...one, count: 4 }]);
  const untold = await untoldIncidents(orm);
  expect(untold?.incidents).toMatchObject([worse, { ...one, count: 4 }]);
  if (untold === undefined) return;
  await batch(orm, [markIncidentsTold(orm, untold)]);
  expect(await untoldIncidents(orm)).toBeUndefined();
  await vi.waitUntil(() => Date.now() > untold.now);
  await noteIncidents(orm, [one]);
  expect(await untoldIncidents(orm)).toMatchObject({ incidents: [{ ...one, count: 2 }] });
  expect((await untoldIncidents(orm))?.since).toBeGreaterThan(untold.now);
  await orm.run(sql`UPDATE incidents SET at = at - 2 * 3600000`);
  expect(await lastHour(orm)).toEqual([]);
  await orm.run(sql`UPDATE incidents SET at = at - 3 * 24 * 3600000 WHERE level = 'warn'`);
  await batch(orm, [pruneIncidents(orm)]);
  expect(await orm.all(sql`SELECT level FROM incidents`)).toEqual([{ level: "error" }]);
});
