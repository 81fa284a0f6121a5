import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { Refusal } from "./program.ts";

/** A file that is being written under a name of its own. Disposing of it deletes it, unless it has been moved. */
export type Draft = AsyncDisposable & {
  path: string;
  /** Its bytes so far. */
  size(): Promise<number>;
  /** Has the disk take what is written so far. */
  flush(): Promise<void>;
  /** Gives it its name, in the same folder, once all of it is on the disk. What had the name is replaced. */
  moveTo(path: string): Promise<void>;
};

/** An empty file that only its owner may read: a database holds what people follow. */
export async function createDraft(path: string): Promise<Draft> {
  const handle = await open(path, "wx", 0o600).catch((error) => {
    throw new Refusal(
      error.code === "EEXIST"
        ? `${path} is there already: another copy is being made, or one was cut off. Delete it if none is.`
        : `${path} cannot be written (${error.code}).`,
      { cause: error },
    );
  });
  return {
    path,
    size: async () => (await handle.stat()).size,
    flush: () => handle.datasync(),
    async moveTo(target) {
      await handle.sync();
      await rename(path, target);
      await syncFolder(dirname(target));
    },
    async [Symbol.asyncDispose]() {
      await handle.close();
      // SQLite's journal lies beside the copy while it is written.
      await Promise.all([path, `${path}-journal`].map((file) => rm(file, { force: true })));
    },
  };
}

/** A rename lasts when its folder is written; not every system lets one ask for that. */
async function syncFolder(folder: string): Promise<void> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(folder);
    await handle.sync();
  } catch {
    // Then it is written a little later.
  } finally {
    await handle?.close();
  }
}
