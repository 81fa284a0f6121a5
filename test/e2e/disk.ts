import { spawnSync } from "node:child_process";
import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { Launched } from "./instance.ts";

/** For the name of a test that needs a disk, why none can be mounted here; "" when one can: where user namespaces are allowed. */
export const cannotMount = ((): string => {
  const { error, status, stderr } = spawnSync("unshare", ["-rm", "mount", "-t", "tmpfs", "none", "/mnt"]);
  return status === 0 ? "" : ` (skipped: unshare -rm mount: ${String(error?.message ?? stderr).trim()})`;
})();

/**
 * The words before a command that give it an empty disk of its own: in memory, unseen by others, gone with the process.
 * @param size as mount takes it, with more of its options behind a comma
 * @param prepare what sh does first; $0 is the folder
 */
export function onDisk(folder: string, size: string, prepare = "true"): string[] {
  return [
    "unshare",
    "-rm",
    "sh",
    "-c",
    `mount -t tmpfs -o size=${size} none "$0" && { ${prepare}; } && exec "$@"`,
    folder,
  ];
}

/** The disk of a running process. */
export function diskOf({ child }: Launched, folder: string) {
  const path = `/proc/${child.pid}/root${folder}`;
  const filler = join(path, "filler");
  return {
    /** Where others than the process find it. */
    path,
    /** Leaves not a byte. */
    fill() {
      const file = openSync(filler, "a");
      try {
        for (const size of [65_536, 4_096, 1]) fillWith(file, Buffer.alloc(size));
      } finally {
        closeSync(file);
      }
    },
    clear: () => rmSync(filler),
  };
}

function fillWith(file: number, block: Buffer): void {
  try {
    while (writeSync(file, block) > 0);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOSPC")) throw error;
  }
}
