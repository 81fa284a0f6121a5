import { pino } from "pino";

/** Where log lines go: a destination for pino that neither stops nor ends the process, nor fills its memory. */
export type Output = {
  write(line: string): void;
  /** Calls back when everything is written, or cannot be within half a second. */
  flush(done: () => void): void;
};

export type OutputOptions = {
  /** Bytes that may wait for whoever reads; what comes on top is dropped. */
  maxWaiting?: number;
  /** Told how many lines were dropped, once lines can be written again. */
  resumed: (dropped: number) => void;
};

/** About 5,000 lines. */
const MAX_WAITING = 1024 * 1024;
const FLUSH_MS = 500;
const RETRY_MS = 1_000;

/**
 * Writes to a file descriptor in the background. A reader that does not read costs the lines that it does not read, a
 * full disk those that do not fit, and a reader that is gone all that follow; the process goes on in any case. Left to
 * itself, pino's destination keeps lines without end for a reader that stands still, and after an error other than EPIPE
 * its flushSync() blocks the event loop for ever (pino 10.4, sonic-boom 4.2).
 */
export function openOutput(fd: number, { maxWaiting = MAX_WAITING, resumed }: OutputOptions): Output {
  // minLength 0 would make flush() do nothing; every line has at least one byte, and is written at once all the same.
  const stream = pino.destination({ dest: fd, sync: false, minLength: 1, maxLength: maxWaiting });
  stream.flushSync = () => undefined;
  let writingSince: number | undefined;
  let isFailing = false;
  let dropped = 0;

  stream.on("write", () => {
    writingSince = performance.now();
    isFailing = false;
  });
  stream.on("drop", () => dropped++);
  stream.on("drain", () => {
    writingSince = undefined;
    if (dropped === 0) return;
    const count = dropped;
    dropped = 0;
    resumed(count);
  });
  stream.on("error", () => {
    writingSince = undefined;
    if (isFailing) return; // pino tells an error twice
    isFailing = true;
    setTimeout(tryAgain, RETRY_MS).unref();
  });
  // Node waits for its threads before it ends, and one of them may stand still in a write that nobody reads.
  process.on("exit", () => {
    if (writingSince !== undefined && performance.now() - writingSince >= FLUSH_MS)
      process.kill(process.pid, "SIGKILL");
  });

  function tryAgain() {
    isFailing = false;
    writingSince = performance.now();
    stream.flush();
  }

  return {
    write(line) {
      if (isFailing) {
        dropped++;
        return;
      }
      writingSince ??= performance.now();
      stream.write(line);
    },
    flush(done) {
      if (writingSince === undefined) return done();
      const timer = setTimeout(end, FLUSH_MS);
      function end() {
        clearTimeout(timer);
        stream.off("drain", end);
        stream.off("error", end);
        done();
      }
      stream.on("drain", end);
      stream.on("error", end);
    },
  };
}
