import type { Fetta, Misbehaviour } from "../../sandbox/fetta/index.ts";
import type { Streamer } from "./cast.ts";
import { pause } from "./pause.ts";
import type { Chance } from "./random.ts";

/** Ways to go wrong that pass: none of them says for good that there is no such list. */
const TROUBLES: Misbehaviour[] = [
  "down",
  "500",
  "429",
  "403",
  { status: 429, retryAfter: 1 },
  { status: 503, retryAfter: 2 },
  "page-2-429",
  "captcha",
  "html",
  "garbage",
  "truncated",
  "cut-off",
  "hang",
  "slow",
  "empty",
];
const GAP_MS = { least: 2_000, most: 8_000 };
const LENGTH_MS = { least: 500, most: 4_000 };
/** Of ten: the rest are of one streamer alone. */
const WHOLE_SITE = 3;

/** Lets the site, or what it says of one streamer, go wrong again and again until the signal aborts. Gives how often. */
export function createSiteTrouble(fetta: Fetta, streamers: Streamer[], chance: Chance) {
  const counts = { site: 0 };
  // An empty list is a valid baseline: only those that are known and watched may show one by mistake.
  const watched = streamers.filter(({ kind }) => kind === "steady");
  return {
    counts,
    async run(signal: AbortSignal): Promise<void> {
      while (!signal.aborted) {
        await pause(chance.int(GAP_MS.least, GAP_MS.most), signal);
        const how = chance.pick(TROUBLES) ?? "down";
        const isWhole = chance.int(1, 10) <= WHOLE_SITE && how !== "empty";
        const lengthMs = chance.int(LENGTH_MS.least, LENGTH_MS.most);
        const some = Array.from({ length: 6 }, () => chance.pick(how === "empty" ? watched : streamers));
        if (signal.aborted) return;
        counts.site++;
        const recover = isWhole
          ? [fetta.misbehave(how)]
          : some.flatMap((streamer) => (streamer === undefined ? [] : [fetta.misbehave(how, streamer.list)]));
        await pause(lengthMs, signal);
        for (const end of recover) end();
      }
    },
  };
}
