import { expect, test, vi } from "vitest";
import { sql } from "../../src/db/orm.ts";
import { look, wishes } from "../db/story.ts";
import { fromBot, outboxOf, pass, postOffice, sends, stateOf } from "./post-office.ts";

test("a stop lets sends in flight finish, and gives back the rest for the next leader to send at once", async () => {
  await using post = await postOffice();
  const { db, telegram } = post;
  const fans = [await post.fan("mila"), await post.fan("mila"), await post.fan("mila")];
  await look(db, 1, wishes("ba"));
  telegram.fault({ when: ({ chatId }) => chatId === fans[1]?.id, do: { kind: "delay", ms: 150 } });
  const sender = post.start({ messagesPerSecond: 5 });
  const stopped = new Promise<void>((resolve) => {
    telegram.onChange((change) => {
      if (change.kind === "call" && change.call.chatId === fans[1]?.id) resolve(sender.stop());
    });
  });
  await stopped;
  expect(await outboxOf(db)).toMatchObject([
    { state: "sent", attempts: 1 },
    { state: "sent", attempts: 1 },
    { state: "pending", attempts: 0, waitMs: 0 },
  ]);
  const next = post.start();
  await next.until((reports) => reports.length === 1);
  expect(fans.map((fan) => fromBot(telegram, fan).length)).toEqual([1, 1, 1]);
});

test("what a leader that died had claimed is sent by the next, once its sends are surely over", async () => {
  await using post = await postOffice();
  const { db, telegram } = post;
  const fans = [await post.fan("mila"), await post.fan("bao")];
  await look(db, 1, wishes("ba"));
  await look(db, 2, wishes("ba"));
  await db.for("test").run(sql`
    UPDATE outbox SET state = 'sending', attempts = 1, claim_epoch = 0,
      claimed_at = CAST(unixepoch('subsec') * 1000 AS INTEGER) - CASE streamer_id WHEN 1 THEN 39000 ELSE 41000 END`);
  const sender = post.start({ staleMs: 60_000 });
  await sender.until((reports) => reports.length === 1);
  expect(fans.map((fan) => fromBot(telegram, fan).length)).toEqual([0, 1]);
  await pass(db, 2_000);
  sender.bell.ring();
  await sender.until((reports) => reports.length === 2);
  expect(await outboxOf(db)).toMatchObject([
    { state: "sent", attempts: 2 },
    { state: "sent", attempts: 2 },
  ]);
});

test("a process that has stood still sends nothing when it wakes up after its lease", async () => {
  await using post = await postOffice();
  const { db, telegram } = post;
  await post.fan("mila");
  await look(db, 1, wishes("ba"));
  let woke = 0;
  const sender = post.start({
    staleMs: 400,
    render: () => {
      const asleepUntil = performance.now() + 350;
      while (performance.now() < asleepUntil);
      woke++;
      return { html: "late", plain: "late" };
    },
  });
  await vi.waitUntil(() => woke > 0);
  await sender.stop();
  expect(sends(telegram)).toEqual([]);
});

test("an outcome that cannot be recorded is recorded later, and nothing is sent twice", async () => {
  await using post = await postOffice();
  const { db, telegram } = post;
  const fan = await post.fan("mila");
  await look(db, 1, wishes("ba"));
  let failures = 2;
  const sender = post.start({
    db: {
      ...db,
      for: (query) => {
        if (query === "loop_record_send" && failures-- > 0) throw new Error("disk full");
        return db.for(query);
      },
    },
  });
  await sender.until((reports) => reports.length === 1);
  expect(await stateOf(db)).toBe("sent");
  expect(fromBot(telegram, fan)).toHaveLength(1);
  expect(sender.failures).toEqual([new Error("disk full"), new Error("disk full")]);
});

test("an outcome that cannot be recorded holds up no other, and is not forgotten", async () => {
  await using post = await postOffice();
  const { db, telegram } = post;
  const fans = [await post.fan("mila"), await post.fan("mila"), await post.fan("mila")];
  await look(db, 1, wishes("ba"));
  const orm = db.for("test");
  await orm.run(sql`
    CREATE TRIGGER stuck BEFORE UPDATE OF state ON outbox WHEN NEW.state = 'sent' AND NEW.chat_id = ${sql.raw(String(fans[1]?.id))}
    BEGIN SELECT RAISE(ABORT, 'stuck'); END`);
  const sender = post.start();
  await sender.until((reports) => reports.length === 2);
  await vi.waitUntil(() => sender.failures.length > 1);
  expect(await stateOf(db)).toBe("sent sending sent");
  await orm.run(sql`DROP TRIGGER stuck`);
  await sender.until((reports) => reports.length === 3);
  expect(await stateOf(db)).toBe("sent sent sent");
  expect(fans.map((fan) => fromBot(telegram, fan).length)).toEqual([1, 1, 1]);
});

test("outcomes of a busy moment are recorded together, and what one look claims is read together", async () => {
  await using post = await postOffice();
  const { db, telegram } = post;
  const crowd = await post.crowd(200, "mila");
  await look(db, 1, wishes("ba"));
  const calls = new Map<string, number>();
  const sender = post.start({
    db: {
      ...db,
      for: (query) => {
        calls.set(query, (calls.get(query) ?? 0) + 1);
        return db.for(query);
      },
    },
  });
  await sender.until((reports) => reports.length === crowd.length);
  expect(crowd.every((person) => fromBot(telegram, person).length === 1)).toBe(true);
  expect(new Set((await outboxOf(db)).map(({ state }) => state))).toEqual(new Set(["sent"]));
  expect(calls.get("loop_record_send")).toBeLessThan(crowd.length / 2);
  expect(calls.get("loop_news")).toBeLessThan(crowd.length / 5);
});

test("a leader that dies before it has recorded anything doubles no more than it had in flight, and loses nothing", async () => {
  await using post = await postOffice();
  const { db, telegram } = post;
  const crowd = await post.crowd(30, "mila");
  await look(db, 1, wishes("ba"));
  const dying = post.start({
    messagesPerSecond: 30,
    db: {
      ...db,
      for: (query) => {
        // The first is what the others wait for.
        if (query === "loop_record_send" && sends(telegram).length > 1) throw new Error("disk full");
        return db.for(query);
      },
    },
  });
  await vi.waitUntil(() => dying.failures.length > 10, { timeout: 5_000 });
  const sentOnce = sends(telegram).length;
  await db.for("test").run(sql`UPDATE scheduler_lock SET instance_id = '', epoch = epoch + 1`);
  await dying.stop();
  expect(dying.reports.filter(({ isRecorded }) => isRecorded).length, "says what it could not record").toBeLessThan(2);
  await pass(db, 41_000);
  const next = post.start();
  await vi.waitUntil(async () => (await outboxOf(db)).every(({ state }) => state === "sent"), { timeout: 5_000 });
  await next.stop();
  const copies = crowd.map((person) => fromBot(telegram, person).length);
  expect(Math.min(...copies)).toBe(1);
  expect(Math.max(...copies)).toBeLessThanOrEqual(2);
  expect(copies.filter((count) => count === 2).length).toBeLessThanOrEqual(10);
  expect(sentOnce).toBeLessThanOrEqual(11);
});
