/** What a scenario's people do; see people.ts. */
export type Scene = "ramp" | "list" | "track" | "fanOut";

/** Updates a second, from the first second to the last. */
export type Phase = { seconds: number; from: number; to: number };

export type Scenario = { scene: Scene; title: string; phases: Phase[] };

/** How many there are of each. */
export type CastSize = {
  /** Who talks while the load grows. */
  crowd: number;
  /** Groups that the bot is added to and removed from. */
  groups: number;
  /** Chats that follow TRACKED streamers each. */
  listers: number;
  /** Chats that follow the one streamer who adds something. */
  fans: number;
};

export type Plan = { scenarios: Scenario[]; cast: CastSize; messagesPerSecond: number };

/** What each of the listers follows, and out of how many. */
export const TRACKED = 20;
export const STREAMERS = 60;

/**
 * The stated rates: what a machine of two cores holds with room, with everything on it. See docs/load.md. `messages` is
 * MESSAGES_PER_SECOND, higher than its default and than Telegram allows to most bots: delivery is to be a load.
 */
const RATES = { rampFrom: 15, rampTo: 150, list: 75, track: 40, listMeanwhile: 20, messages: 100 };

const LENGTHS = {
  long: { ramp: 40, top: 20, list: 30, track: 30, fans: 4_000 },
  short: { ramp: 6, top: 2, list: 4, track: 3, fans: 400 },
};

/** How long somebody waits between two things, in seconds: people are slower than the bot's limits for them. */
export const REST_SECONDS = 4;
/** More than are needed for everybody to rest: what they do is fetched up to two and a half seconds ahead. */
const SPARE = 2;

/** The part of the ramp's updates that tell of groups. */
const GROUP_SHARE = 0.1;
/** The bot is thrown out of a group so much later than people rest that it has said hello by then. */
const GROUPS_REST = 4;

/** `rate` multiplies what happens in a second, and leaves the seconds as they are. */
export function planLoad({ short, rate }: { short: boolean; rate: number }): Plan {
  const { ramp, top, list, track, ...lengths } = short ? LENGTHS.short : LENGTHS.long;
  const times = (perSecond: number) => Math.max(Math.round(perSecond * rate), 1);
  const [highest, lists, meanwhile] = [times(RATES.rampTo), times(RATES.list), times(RATES.listMeanwhile)];
  const [messagesPerSecond, fans] = [times(RATES.messages), times(lengths.fans)];
  const steady = (seconds: number, perSecond: number): Phase => ({ seconds, from: perSecond, to: perSecond });
  // Answers to /list are messages, too, and news gets what they leave.
  const telling = Math.ceil(fans / (messagesPerSecond - meanwhile));
  const resting = (perSecond: number) => Math.ceil(perSecond * REST_SECONDS * SPARE);
  return {
    scenarios: [
      {
        scene: "ramp",
        title: "commands, words, presses, groups",
        phases: [{ seconds: ramp, from: times(RATES.rampFrom), to: highest }, steady(top, highest)],
      },
      { scene: "list", title: `/list of ${TRACKED} streamers`, phases: [steady(list, lists)] },
      { scene: "track", title: "/track, of a few and of many", phases: [steady(track, times(RATES.track))] },
      {
        scene: "fanOut",
        title: `news for ${fans} chats during /list`,
        phases: [steady(telling + 2, meanwhile)],
      },
    ],
    cast: {
      crowd: resting(highest),
      groups: resting(highest * GROUP_SHARE * GROUPS_REST),
      listers: resting(Math.max(lists, meanwhile)),
      fans,
    },
    messagesPerSecond,
  };
}

export function secondsOf({ phases }: Scenario): number {
  return phases.reduce((sum, { seconds }) => sum + seconds, 0);
}

/** Updates that Artillery makes: in each second of a phase as many as the line from its first to its last says. */
export function arrivalsOf({ phases }: Scenario): number {
  return phases
    .flatMap(({ seconds, from, to }) =>
      Array.from({ length: seconds }, (_, n) => Math.floor(((to - from) / Math.max(seconds - 1, 1)) * n + from)),
    )
    .reduce((sum, count) => sum + count, 0);
}
