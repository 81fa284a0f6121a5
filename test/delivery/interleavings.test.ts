import fc from "fast-check";
import { expect, test } from "vitest";
import { claim } from "../../src/db/claims.ts";
import type { Orm } from "../../src/db/client.ts";
import { sql } from "../../src/db/orm.ts";
import { markSent } from "../../src/db/outbox.ts";
import { batch } from "../../src/db/sql.ts";
import { interleaving, owe } from "./interleaving.ts";
import { memoryDb, type Rewrite } from "./memory-db.ts";

const RUNS = 500;

test("however leaders, claims, answers and records interleave: nothing is lost, nothing overtakes, and only a new term repeats", {
  timeout: 60_000,
}, async () => {
  await using db = await memoryDb();
  await fc.assert(await interleaving(db.orm), { numRuns: RUNS });
});

const fence = {
  from: "AND epoch = ? THEN instance_id END",
  to: "AND epoch = ? THEN instance_id ELSE instance_id END",
};
const head = {
  from: "SELECT 1 FROM outbox p WHERE p.chat_id = o.chat_id",
  to: "SELECT 1 FROM outbox p WHERE false AND p.chat_id = o.chat_id",
};
const claimCondition = {
  from: "AND state = 'sending' AND claim_epoch = ? AND claim_number = ?",
  to: "AND (true OR claim_epoch = ? OR claim_number = ?)",
};
/** Behind the fence no order of steps needs them: the last line of defence, and for what a server runs too late. */
const claimEpoch = { from: "AND claim_epoch = ?", to: "AND (true OR claim_epoch = ?)" };
const claimNumber = { from: "AND claim_number = ?", to: "AND (true OR claim_number = ?)" };

/** Looks for an order of steps that breaks a promise; fails when there is none, or something else breaks. */
async function expectBroken(orm: Orm): Promise<void> {
  const { failed, errorInstance } = await fc.check(await interleaving(orm), {
    ...{ numRuns: RUNS, seed: 1, endOnFailure: true },
  });
  expect({ failed, errorInstance }).toMatchObject({ failed: true, errorInstance: { name: "AssertionError" } });
}

test.each<[string, Rewrite]>([
  ["the fence of a leader's writes", fence],
  ["the condition that only heads are claimed", head],
  ["the condition that an outcome is of what was claimed", claimCondition],
])("without %s, an interleaving is found that breaks a promise", async (_, rewrite) => {
  await using db = await memoryDb(rewrite);
  await expectBroken(db.orm);
  expect(db.rewritten()).toBeGreaterThan(0);
});

test("without the dedupe key, an interleaving is found that breaks a promise", async () => {
  await using db = await memoryDb();
  // Under its name, which the claim asks for.
  await batch(db.orm, [
    db.orm.run(sql`DROP INDEX outbox_dedupe`),
    db.orm.run(sql`CREATE INDEX outbox_dedupe ON outbox (chat_id, thread_id, streamer_id, check_number)`),
  ]);
  await expectBroken(db.orm);
});

test.each([
  ["another term", "the epoch", { epoch: 2, number: 1 }, undefined, "sending"],
  ["another term", "no epoch", { epoch: 2, number: 1 }, claimEpoch, "sent"],
  ["the same term", "the number", { epoch: 1, number: 2 }, undefined, "sending"],
  ["the same term", "no number", { epoch: 1, number: 2 }, claimNumber, "sent"],
])(
  "what %s has claimed since, an outcome whose condition has %s leaves alone or not",
  async (_, __, by, rewrite, state) => {
    await using db = await memoryDb(rewrite);
    const { orm } = db;
    await interleaving(orm);
    await batch(orm, [owe(orm, 1)]);
    const [row] = await orm.all<{ id: number }>(sql`SELECT id FROM outbox WHERE chat_id = 1`);
    const ids = [row?.id ?? 0];
    const first = { epoch: 1, number: 1 };
    await batch(orm, [claim(orm, first, ids, 0), claim(orm, by, ids, 0)]);
    await batch(orm, markSent(orm, first, { ids, chatId: 1, messageId: 1, paceMs: 0 }));
    expect(await orm.all(sql`SELECT state FROM outbox WHERE chat_id = 1`)).toEqual([{ state }]);
  },
);
