import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export type Child = ReturnType<typeof startChild>;

/** Starts a script of this folder as a process of its own. What it prints is kept in `lines`. */
export function startChild(script: string, ...args: string[]) {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const child = spawn(process.execPath, [path, ...args], { stdio: ["pipe", "pipe", "inherit"] });
  const exited = once(child, "close");
  const reader = createInterface({ input: child.stdout });
  const lines: string[] = [];
  let read = 0;
  reader.on("line", (line) => {
    lines.push(line);
    reader.emit("more");
  });
  return {
    lines,
    write(text: string) {
      child.stdin.write(text);
    },
    /** The next line not read yet; an Error when the process ends without one. */
    async line(): Promise<string> {
      while (lines.length === read) {
        const [code] = await Promise.race([exited, once(reader, "more")]);
        if (code !== undefined && lines.length === read) throw new Error(`${script} ended with ${code}`);
      }
      return lines[read++] ?? "";
    },
    signal(signal: NodeJS.Signals) {
      child.kill(signal);
    },
    /** Kills it as a power cut would (SIGKILL), and waits until everything it had printed is in `lines`. */
    async kill() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}
