import { setTimeout as sleep } from "node:timers/promises";
import { expect, test, vi } from "vitest";
import type { Leader } from "../src/checker/leader.ts";
import { halt, type Part, resume } from "../src/db/halts.ts";
import { runUnlessHalted } from "../src/halts.ts";
import { leadWith } from "./bot/world.ts";
import { testDb } from "./db/test-db.ts";

/** A loop that notes when it begins and ends, and finishes something when it is to end. */
function loop(part: Part, log: string[]) {
  const run = async ({ signal }: Leader) => {
    log.push(`${part} on`);
    await sleep(60_000, undefined, { signal }).catch(() => undefined);
    await sleep(20);
    log.push(`${part} off`);
  };
  return { part, run };
}

const soon = { timeout: 5_000, interval: 20 };

test("a halt ends what belongs to its part, and nothing else, until it is resumed; it survives a change of leader", async () => {
  await using db = await testDb();
  const orm = db.for("test");
  const log: string[] = [];
  const told: Part[][] = [];
  const failures: unknown[] = [];
  const options = {
    orm: db.for,
    told: (halted: Part[]) => void told.push(halted),
    failed: (error: unknown) => void failures.push(error),
  };
  const loops = [loop("checks", log), loop("delivery", log)];
  {
    await using _leading = await leadWith(db, (leader) => runUnlessHalted(options, loops, leader));
    await vi.waitFor(() => expect(log).toEqual(["checks on", "delivery on"]), soon);
    expect(await halt(orm, ["checks"])).toEqual(["checks"]);
    expect(await halt(orm, ["checks"]), "it is halted already").toEqual([]);
    await vi.waitFor(() => expect(log.slice(2)).toEqual(["checks off"]), soon);
  }
  expect(log.slice(3)).toEqual(["delivery off"]);
  await using _leading = await leadWith(db, (leader) => runUnlessHalted(options, loops, leader));
  await vi.waitFor(() => expect(log.slice(4)).toEqual(["delivery on"]), soon);
  expect(await resume(orm, ["checks", "delivery"])).toEqual(["checks"]);
  await vi.waitFor(() => expect(log.slice(5)).toEqual(["checks on"]), soon);
  expect(told).toEqual([[], ["checks"], ["checks"], []]);
  expect(failures).toEqual([]);
});

test("nothing begins while it is not known what is halted", async () => {
  await using db = await testDb();
  const failures: unknown[] = [];
  const log: string[] = [];
  await db.client.execute("ALTER TABLE halts RENAME TO elsewhere");
  const options = { orm: db.for, told: () => {}, failed: (error: unknown) => void failures.push(error) };
  await using _leading = await leadWith(db, (leader) => runUnlessHalted(options, [loop("checks", log)], leader));
  await vi.waitFor(() => expect(failures.length).toBeGreaterThan(0), soon);
  expect(log).toEqual([]);
  await db.client.execute("ALTER TABLE elsewhere RENAME TO halts");
  await vi.waitFor(() => expect(log).toEqual(["checks on"]), soon);
});

test("a loop that throws ends the others, and then everything", async () => {
  await using db = await testDb();
  const log: string[] = [];
  const options = { orm: db.for, told: () => {}, failed: () => {} };
  const broken = { part: "delivery" as const, run: () => Promise.reject(new Error("a fault")) };
  const ended = Promise.withResolvers<unknown>();
  await using _leading = await leadWith(db, (leader) =>
    runUnlessHalted(options, [loop("checks", log), broken], leader).catch(ended.resolve),
  );
  expect(await ended.promise).toMatchObject({ message: "a fault" });
  expect(log).toEqual(["checks on", "checks off"]);
});
