import { statSync } from "node:fs";
import { DatabaseTrouble } from "./trouble.ts";

export type Place = {
  /** @throws {DatabaseTrouble} when the path leads elsewhere, or nowhere */
  assertSame(): void;
};

/**
 * Remembers which file a path leads to: now, or when first asked about one that is not there yet. SQLite goes on with a
 * file that was deleted, or replaced by another: what is written to it would be acknowledged, and then lost.
 */
export function rememberPlace(file: string): Place {
  let known = identify(file);
  return {
    assertSame() {
      const found = identify(file);
      known ??= found;
      if (found === undefined) {
        throw new DatabaseTrouble(
          file,
          "it is gone, or its disk is. Bring it back; if it was deleted, its data lasts as long as this process (docs/operating.md, Backups)",
        );
      }
      if (found !== known) {
        throw new DatabaseTrouble(file, "it was replaced while in use. Restart, and the new file is used");
      }
    },
  };
}

/** What stays the same as long as it is the same file: its device, and its number there. */
function identify(file: string): string | undefined {
  const stats = statSync(file, { bigint: true, throwIfNoEntry: false });
  return stats && `${stats.dev}:${stats.ino}`;
}
