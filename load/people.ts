import type { Fetta } from "../sandbox/fetta/index.ts";
import type { Telegram } from "../sandbox/telegram/telegram.ts";
import type { Message, Person } from "../sandbox/telegram/types.ts";
import { type CastSize, REST_SECONDS, type Scene, STREAMERS } from "./plan.ts";
import { createScore } from "./score.ts";

/** Presses that lead from screen to screen: the list's pages, a card, and back. */
const NAVIGATION = /^v1:[lcn](?::|$)/;
const PRESS_TRIES = 50;
const STAR = "superstar";
const NEWS = "A lamp that nobody else has";
/** Who is asked for in a storm of /track: of ten requests so many are for one of the few. */
const STORM = { known: 6, rising: 3 };
const RISING = 3;
/** First looks are made one a second: of the rest so many are for streamers that are still unknown. */
const UNKNOWN_EVERY = 10;

const WORDS = ["привет", "как дела?", "a wishlist for my friend", "спасибо!", "what can you do?"];
const COMMANDS = ["/start", "/list", "/help", "/list", "/new", "/settings"];

/** The people of a load test and what they do, one thing at a time, when they are asked to. */
export function createPeople(telegram: Telegram, fetta: Fetta, cast: CastSize) {
  const person = (n: number) => telegram.person({ languageCode: n % 3 === 0 ? "en" : "ru" });
  const people = (count: number) => Array.from({ length: count }, (_, n) => person(n));
  const crowd = people(cast.crowd);
  const listers = people(cast.listers);
  const fans = people(cast.fans);
  const operator = person(0);
  const groups = Array.from({ length: cast.groups }, (_, n) =>
    telegram.group({ title: `Friends ${n}`, administrators: [person(n)], bot: "left" }),
  );
  const inside = new Set<number>();
  const nicknames = Array.from({ length: STREAMERS }, (_, n) => `streamer${n}`);
  for (const [n, nickname] of nicknames.entries()) fetta.streamer(nickname, { items: 1 + ((n * 7) % 60) });
  const star = fetta.streamer(STAR, { items: 20 });

  const lastAt = new Map<number, number>();
  /** The latest message with buttons of each of the crowd, longest untouched first. */
  const pressable = new Map<number, Message>();
  const crowdById = new Map(crowd.map((one) => [one.id, one]));
  const score = createScore(telegram, NEWS);
  let acts = 0;

  telegram.onChange((change) => {
    if (change.kind !== "message" && change.kind !== "edit") return;
    const { message } = change;
    if (!message.fromBot || !crowdById.has(message.chatId) || buttonsOf(message).length === 0) return;
    pressable.delete(message.chatId);
    pressable.set(message.chatId, message);
  });

  /** Goes round, past those who have just done something. */
  function inTurn<T extends { id: number }>(all: T[]): () => T {
    let n = 0;
    return () => {
      for (let tries = 0; tries < all.length; tries++) {
        const one = all[n++ % all.length];
        if (one !== undefined && isRested(one.id)) return active(one);
      }
      throw new Error(`all ${all.length} have done something in the last ${REST_SECONDS} s: too few for this rate`);
    };
  }

  const isRested = (id: number) => (lastAt.get(id) ?? 0) <= Date.now() - REST_SECONDS * 1000;
  function active<T extends { id: number }>(one: T): T {
    lastAt.set(one.id, Date.now());
    return one;
  }
  const nextOfCrowd = inTurn(crowd);
  const nextLister = inTurn(listers);
  const nextGroup = inTurn(groups);

  function say(from: Person, text: string) {
    score.oweMessage(from.id);
    telegram.say(text, { from });
  }

  /** Whoever waits longest with buttons in front of them; gives whether there is somebody. */
  function press(): boolean {
    const chatId = pressable.keys().take(PRESS_TRIES).find(isRested) ?? 0;
    const [message, from] = [pressable.get(chatId), crowdById.get(chatId)];
    if (message === undefined || from === undefined) return false;
    pressable.delete(chatId);
    score.owePress(chatId);
    telegram.press(message, { data: pick(buttonsOf(message)) }, active(from));
    return true;
  }

  function meetGroup() {
    const group = nextGroup();
    if (inside.delete(group.id)) return telegram.kick(group);
    inside.add(group.id);
    score.oweMessage(group.id);
    telegram.add(group);
  }

  const scenes: Record<Scene, (n: number) => void> = {
    ramp(n) {
      const turn = n % 10;
      if (turn === 0) meetGroup();
      else if (turn % 3 !== 0 || !press()) say(nextOfCrowd(), turn === 5 ? pick(WORDS) : pick(COMMANDS));
    },
    list: () => say(nextLister(), "/list"),
    track(n) {
      const turn = n % 10;
      if (turn < STORM.known) return track(nicknames[n % 5] ?? "", true);
      if (turn < STORM.known + STORM.rising) return track(`rising${n % RISING}`, true);
      const kind = Math.floor(n / 10) % UNKNOWN_EVERY;
      if (kind === 0) return track(`fresh${n}`, true);
      if (kind === 1) return track(`nobody${n}`, false);
      track(nicknames[n % STREAMERS] ?? "", true);
    },
    fanOut(n) {
      if (n > 0) return say(nextLister(), "/list");
      score.oweNews(fans.map(idOf));
      star.add({ name: NEWS });
      say(operator, `/recheck ${STAR}`);
    },
  };

  /** Somebody whom the bot has never seen. */
  function track(nickname: string, exists: boolean) {
    const someone = person(acts);
    const name = `${nickname} ✨`;
    score.oweTrack(someone.id, (message, isEdit) => (exists ? message.text.includes(name) : isEdit));
    say(someone, `/track ${nickname}`);
  }

  return {
    world: {
      crowd: crowd.map(idOf),
      listers: listers.map(idOf),
      fans: fans.map(idOf),
      operator: operator.id,
      ...{ nicknames, star: STAR },
    },
    /** Everybody has started the bot some time before. */
    settle() {
      for (const from of [...listers, ...fans, operator]) telegram.say("/start", { from });
    },
    begin(scene: Scene) {
      score.begin();
      acts = 0;
      if (scene !== "track") return;
      // Known to the site, and not to the bot.
      for (let n = 0; n < RISING; n++) fetta.streamer(`rising${n}`, { items: 10 });
    },
    /** One more thing that somebody does. */
    act(scene: Scene) {
      const n = acts++;
      if (scene === "track" && n % 10 === 9 && Math.floor(n / 10) % UNKNOWN_EVERY === 0) {
        fetta.streamer(`fresh${n}`, { items: 5 });
      }
      scenes[scene](n);
    },
    carried: score.carried,
    tally: score.tally,
  };
}

export type World = ReturnType<typeof createPeople>["world"];

const idOf = ({ id }: { id: number }) => id;

function pick<T>(all: T[]): T {
  const one = all[Math.floor(Math.random() * all.length)];
  if (one === undefined) throw new Error("nothing to pick from");
  return one;
}

function buttonsOf({ buttons }: Message): string[] {
  return buttons.flat().flatMap(({ data }) => (data !== undefined && NAVIGATION.test(data) ? [data] : []));
}
