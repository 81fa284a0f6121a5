import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Effort, Section } from "./section.ts";
import type { Told } from "./section-process.ts";

/**
 * Measures a section in a process of its own. Whatever that has started ends with it, and with this process, however it
 * ends.
 * @throws when it fails; what it said is on stderr then
 */
export async function measureApart(name: string, effort: Effort, progress: (words: string) => void): Promise<Section> {
  const child = fork(fileURLToPath(new URL("./section-process.ts", import.meta.url)), [name, effort], {
    detached: true, // the first of a process group: all of it can be ended at once
    stdio: ["ignore", 2, 2, "ipc"],
  });
  const end = () => endGroup(child.pid);
  // Before the temporary files are removed that it may be using.
  process.prependListener("exit", end);
  try {
    return await new Promise<Section>((resolve, reject) => {
      child.on("message", (told: Told) => ("section" in told ? resolve(told.section) : progress(told.words)));
      child.once("error", reject);
      child.once("exit", (code, signal) => reject(new Error(`${name} ended with ${signal ?? code}`)));
    });
  } finally {
    end();
    process.off("exit", end);
  }
}

function endGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch {
    // All of them are gone.
  }
}
