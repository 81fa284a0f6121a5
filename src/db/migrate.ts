import { fileURLToPath } from "node:url";
import type { Database } from "./client.ts";
import { readMigrationFiles } from "./orm.ts";

type Migration = ReturnType<typeof readMigrationFiles>[number];

/**
 * Brings the database to this version's schema: applies the migrations of `folder` (drizzle-kit's) that it has not had,
 * recognised by the hash of their text, all of them or none. Any number of instances may do so at once.
 * @returns how many this call has applied
 * @throws when the database has had a migration that this version does not know
 */
export async function migrate(
  db: Database,
  folder = fileURLToPath(new URL("../../drizzle", import.meta.url)),
): Promise<number> {
  const known = readMigrationFiles({ migrationsFolder: folder });
  await db.client.execute(
    "CREATE TABLE IF NOT EXISTS __drizzle_migrations (id INTEGER PRIMARY KEY, hash TEXT NOT NULL UNIQUE, created_at NUMERIC)",
  );
  for (;;) {
    const missing = await missingOf(db, known);
    if (missing.length === 0) return 0;
    try {
      await db.runScripts(missing.flatMap(scriptsOf));
      return missing.length;
    } catch (error) {
      // Another instance may have been quicker: then our record of the migration breaks UNIQUE, and nothing of ours stays.
      if ((await missingOf(db, known)).length === missing.length) throw error;
    }
  }
}

async function missingOf(db: Database, known: Migration[]): Promise<Migration[]> {
  const { rows } = await db.client.execute("SELECT hash FROM __drizzle_migrations");
  const applied = new Set(rows.map((row) => row.hash));
  const missing = known.filter(({ hash }) => !applied.has(hash));
  if (applied.size > known.length - missing.length) {
    throw new Error(
      "the database has had a migration that this version does not know: a newer version has run on it. Deploy that " +
        "version, or restore a backup from before it",
    );
  }
  return missing;
}

/** The record comes first: it is what fails when another instance has been quicker. */
function scriptsOf({ hash, folderMillis, sql }: Migration): string[] {
  const record = `INSERT INTO __drizzle_migrations (hash, created_at) VALUES ('${hash}', ${folderMillis})`;
  return [record, ...sql.filter((script) => script.trim() !== "")];
}
