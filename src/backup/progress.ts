/** Shows how far a copy has come. */
export type Progress = {
  copied(bytes: number, expected: number): void;
  checking(): void;
  /** Makes way for whatever is printed next. */
  end(): void;
};

export type Screen = { isTTY?: boolean; columns?: number; write(text: string): unknown };

/** How often a line is printed where none can be rewritten, such as in the mail of a cron job. */
const LINE_MS = 5_000;

/** A line that is rewritten again and again on a terminal; elsewhere a line now and then, and none when it is quick. */
export function showProgress(screen: Screen, now = () => performance.now()): Progress {
  const start = now();
  let printedAt = start;

  function show(text: string) {
    const line = `${text}, ${seconds(now() - start)}`;
    if (screen.isTTY) {
      screen.write(`\r\x1b[K${line.slice(0, (screen.columns || 80) - 1)}`);
    } else if (now() - printedAt >= LINE_MS) {
      printedAt = now();
      screen.write(`${line}\n`);
    }
  }

  return {
    copied(bytes, expected) {
      const percent = expected === 0 ? 100 : Math.min(Math.floor((bytes / expected) * 100), 100);
      show(`copied ${size(bytes)} of about ${size(expected)} (${percent} %)`);
    },
    checking: () => show("checking the copy"),
    end() {
      if (screen.isTTY) screen.write("\r\x1b[K");
    },
  };
}

/** Bytes in words: 8.2 kB, 31.4 MB, 1.02 GB. */
export function size(bytes: number): string {
  const [unit, divisor, digits] = bytes < 1e6 ? ["kB", 1e3, 1] : bytes < 1e9 ? ["MB", 1e6, 1] : ["GB", 1e9, 2];
  return `${(bytes / Number(divisor)).toFixed(Number(digits))} ${unit}`;
}

export function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
