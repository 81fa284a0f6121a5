import { mkdir, mkdtempDisposable, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openDatabase } from "../../src/db/client.ts";

const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);

test("the folder of a new database is its owner's alone; one that is there stays as it is", async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "wishbell-"));
  const mine = join(folder.path, "made", "data");
  await using _ = await openDatabase({ url: `file:${join(mine, "wishbell.db")}` });
  expect(await modeOf(mine)).toBe("700");
  const shared = join(folder.path, "shared");
  await mkdir(shared, { mode: 0o755 });
  await using __ = await openDatabase({ url: `file:${join(shared, "wishbell.db")}` });
  expect(await modeOf(shared)).toBe("755");
});
