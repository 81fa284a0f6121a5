import type { WriteStream } from "node:tty";

const QUIET_MS = 10_000;

/** Says on a terminal what runs now and since when; elsewhere, as in a log, only from time to time. */
export function createProgress(out: Pick<WriteStream, "isTTY" | "write">, now = () => performance.now()) {
  let started = 0;
  let heard = 0;
  let title = "";

  function show(words: string): void {
    const line = `${title}: ${words} (${((now() - started) / 1000).toFixed(0)} s)`;
    out.write(out.isTTY ? `\r\x1b[K${line}` : `${line}\n`);
    heard = now();
  }

  return {
    begin(what: string): void {
      [title, started] = [what, now()];
      show("starting");
    },
    say(words: string): void {
      if (out.isTTY || now() - heard >= QUIET_MS) show(words);
    },
    end(words: string): void {
      show(words);
      if (out.isTTY) out.write("\n");
    },
  };
}
