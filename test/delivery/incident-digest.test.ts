import { GrammyError } from "grammy";
import { expect, test, vi } from "vitest";
import { renderIncidents } from "../../src/bot/incident-digest.ts";
import { noteIncidents, untoldIncidents } from "../../src/db/incidents.ts";
import { sql } from "../../src/db/orm.ts";
import { type IncidentDigestOptions, runIncidentDigest } from "../../src/delivery/incident-digest.ts";
import { leadWith, texts } from "../bot/world.ts";
import { type TestDatabase, testDb } from "../db/test-db.ts";

const soon = { timeout: 5_000, interval: 20 };
const refusal = (code: number, description: string) =>
  new GrammyError("failed", { ok: false, error_code: code, description }, "sendMessage", {});

/** A leader that looks once, and meets so many faults, whether there is a digest to send, and waits until it has. */
async function digest(db: TestDatabase, options: Partial<IncidentDigestOptions> = {}, faults = 0) {
  const looks = new Set<string>();
  const told: { id: number; html: string }[] = [];
  const failures: unknown[] = [];
  await using _leading = await leadWith(db, (leader) =>
    runIncidentDigest(
      {
        orm: (query) => {
          looks.add(query);
          return db.for(query);
        },
        adminIds: [1, 2],
        send: async (id, html) => void told.push({ id, html }),
        render: (language, untold) => renderIncidents(texts, language, untold),
        failed: (error) => void failures.push(error),
        ...options,
      },
      leader,
    ),
  );
  await vi.waitFor(() => expect(looks).toContain("loop_untold_incidents"), soon);
  await vi.waitFor(() => expect(failures).toHaveLength(faults), soon);
  return { told };
}

const daysAgo = (db: TestDatabase, days: number) =>
  db.for("test").run(sql`UPDATE incidents SET untold_since = untold_since - ${days} * 86400000`);

test("operators are told once, each in their language, on the morning after something went wrong", async () => {
  await using db = await testDb();
  const orm = db.for("test");
  await orm.run(sql`INSERT INTO users (id, type, language, created_at) VALUES (2, 'private', 'ru', 0)`);
  expect((await digest(db)).told, "nothing went wrong").toEqual([]);
  await noteIncidents(orm, [
    { level: "warn", what: "check failed", detail: "<b>blocked</b>", count: 21 },
    { level: "error", what: "update failed", detail: "", count: 1 },
  ]);
  await daysAgo(db, 2);
  const { told } = await digest(db);
  expect(told).toEqual([
    {
      id: 1,
      html: "🩺 <b>What went wrong in the last day</b>\n⛔ update failed\n⚠️ 21× check failed: &lt;b&gt;blocked&lt;/b&gt;\nThe log says more; how it is now: /status",
    },
    { id: 2, html: expect.stringMatching(/^🩺 <b>Что за сутки пошло не так<\/b>\n⛔ update failed\n/) },
  ]);
  expect(await untoldIncidents(orm)).toBeUndefined();
  expect((await digest(db)).told).toEqual([]);
});

test("before nine in the morning they wait; who cannot be told is passed over, what may pass is tried again", async () => {
  await using db = await testDb();
  const orm = db.for("test");
  const many = Array.from({ length: 20 }, (_, n) => ({
    level: "warn" as const,
    what: `odd ${n}`,
    detail: "",
    count: 1,
  }));
  await noteIncidents(orm, many);
  expect((await digest(db)).told, "they have only just happened").toEqual([]);
  await daysAgo(db, 2);
  const send = vi.fn(async (id: number) => {
    if (id === 1) throw refusal(403, "Forbidden: bot was blocked by the user");
    throw refusal(502, "Bad Gateway");
  });
  await digest(db, { send }, 1);
  expect(await untoldIncidents(orm)).toBeDefined();
  const { told } = await digest(db);
  expect(told.map(({ id }) => id)).toEqual([1, 2]);
  expect(told[0]?.html).toMatch(/… and 5 more kinds of events/);
});
