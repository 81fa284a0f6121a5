import { setTimeout as sleep } from "node:timers/promises";
import type { World } from "../../../sandbox/demo/world.ts";

const TURN_MS = 4_000;
/** The site fails for so many turns of so many: far too short for anybody to be woken. */
const TROUBLE = { turns: 5, every: 60 };

/** What people do in the demo, until the signal aborts: they follow, look, and hear of what is wished for; and the site fails at times. */
export async function live({ telegram, people, streamers, site }: World, signal: AbortSignal): Promise<void> {
  for (const from of people) for (const { list } of streamers) telegram.say(`/track ${list.nickname}`, { from });
  for (let turn = 1; !signal.aborted; turn++) {
    await sleep(TURN_MS, undefined, { signal }).catch(() => undefined);
    const from = people[turn % people.length];
    const list = streamers[turn % streamers.length]?.list;
    if (from === undefined || list === undefined) continue;
    const phase = turn % TROUBLE.every;
    if (phase === TROUBLE.every - TROUBLE.turns) site.set("down");
    if (phase === 0) site.set(undefined);
    if (turn % 3 === 0) list.add();
    if (turn % 20 === 10) telegram.say("/untrack new_in_town", { from });
    if (turn % 20 === 15) telegram.say("/track new_in_town", { from });
    telegram.say(turn % 2 === 0 ? "/list" : `/wishlist ${list.nickname}`, { from });
  }
}
