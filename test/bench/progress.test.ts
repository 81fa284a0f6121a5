import { expect, test } from "vitest";
import { createProgress } from "../../bench/progress.ts";

function watched(isTTY: boolean) {
  let seconds = 0;
  const written: string[] = [];
  const write = (text: string | Uint8Array) => written.push(String(text)) > 0;
  const progress = createProgress({ isTTY, write }, () => seconds * 1000);
  return {
    ...{ written, progress },
    pass(more: number) {
      seconds += more;
    },
  };
}

test("on a terminal one line says what runs now, and since when", () => {
  const { written, progress, pass } = watched(true);
  progress.begin("[1/2] lists");
  pass(3);
  progress.say("round 1 of 9");
  progress.end("done");
  expect(written).toEqual([
    "\r\x1b[K[1/2] lists: starting (0 s)",
    "\r\x1b[K[1/2] lists: round 1 of 9 (3 s)",
    "\r\x1b[K[1/2] lists: done (3 s)",
    "\n",
  ]);
});

test("a log gets a line every ten seconds at most, besides the first and the last", () => {
  const { written, progress, pass } = watched(false);
  progress.begin("[1/2] lists");
  for (let round = 1; round <= 12; round++) {
    pass(2);
    progress.say(`round ${round}`);
  }
  progress.end("done");
  expect(written).toEqual([
    "[1/2] lists: starting (0 s)\n",
    "[1/2] lists: round 5 (10 s)\n",
    "[1/2] lists: round 10 (20 s)\n",
    "[1/2] lists: done (24 s)\n",
  ]);
});
