import { mkdtempDisposable, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Database, type DatabaseOptions, openDatabase } from "../../src/db/client.ts";
import { migrate } from "../../src/db/migrate.ts";

export type TestDatabase = Database & {
  /** For a second connection, or a second process. */
  url: string;
};

let template: Promise<Buffer> | undefined;

/** A migrated database in a folder of its own, which disposing of it removes. Migrations run once for all of them. */
export async function testDb(options: Omit<DatabaseOptions, "url"> = {}): Promise<TestDatabase> {
  template ??= migratedFile();
  const folder = await temporaryFolder();
  await writeFile(join(folder.path, "test.db"), await template);
  const url = `file:${join(folder.path, "test.db")}`;
  const db = await openDatabase({ url, ...options });
  return {
    ...db,
    url,
    async [Symbol.asyncDispose]() {
      await db.close();
      await folder.remove();
    },
  };
}

export function temporaryFolder() {
  return mkdtempDisposable(join(tmpdir(), "wishbell-"));
}

async function migratedFile(): Promise<Buffer> {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "template.db");
  const db = await openDatabase({ url: `file:${file}` });
  await migrate(db);
  await db.close(); // brings everything from the WAL into the file
  return await readFile(file);
}
