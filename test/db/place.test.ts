import { copyFile, rename, rm } from "node:fs/promises";
import { expect, test } from "vitest";
import { testDb } from "./test-db.ts";

const WRITE = "UPDATE scheduler_lock SET epoch = epoch + 1";
const READ = "SELECT epoch FROM scheduler_lock";

test("a file that is moved away takes no writes, can still be read, and takes them again when it is back", async () => {
  await using db = await testDb();
  const file = db.url.slice("file:".length);
  await db.client.execute(WRITE);
  await rename(file, `${file}.away`);
  const gone = `cannot use the database file ${file}: it is gone, or its disk is.`;
  await expect(db.client.execute(WRITE)).rejects.toThrow(gone);
  await expect(db.client.batch([WRITE, READ], "write")).rejects.toThrow(gone);
  await expect(db.client.executeMultiple(`${WRITE};${WRITE}`)).rejects.toThrow(gone);
  await expect(db.client.transaction()).rejects.toThrow(gone);
  expect((await db.client.execute(READ)).rows).toEqual([{ epoch: 1 }]);
  await rename(`${file}.away`, file);
  await db.client.execute(WRITE);
  expect((await db.client.execute(READ)).rows).toEqual([{ epoch: 2 }]);
});

test("a file that is replaced or deleted takes no writes, and nothing is made in its place", async () => {
  await using db = await testDb();
  const file = db.url.slice("file:".length);
  await db.client.execute(WRITE);
  await copyFile(file, `${file}.other`);
  await rename(`${file}.other`, file);
  await expect(db.client.execute(WRITE)).rejects.toThrow("it was replaced while in use. Restart");
  await rm(file);
  await expect(db.client.execute(WRITE)).rejects.toThrow("it is gone");
});
