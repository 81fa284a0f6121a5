import type { Fetta, Wishlist } from "../../sandbox/fetta/index.ts";
import type { Telegram } from "../../sandbox/telegram/telegram.ts";
import type { Chat, Person } from "../../sandbox/telegram/types.ts";

/** Where somebody wants to be told: a chat, or a topic of it. */
export type Place = {
  chat: number;
  /** 0: no topic. */
  thread: number;
  type: "private" | "group" | "supergroup";
  title?: string;
  /** Who speaks there. */
  person: Person;
  /** Absent for a private chat. */
  group?: Chat;
};

/**
 * `steady`: followed by somebody all the time · `newcomer`: nobody knows of it at first · `sleeper`: has one follower, who
 * comes and goes, and is not looked at meanwhile.
 */
export type Streamer = { nickname: string; kind: "steady" | "newcomer" | "sleeper"; list: Wishlist };

export type Cast = { places: Place[]; streamers: Streamer[] };

/** How many of each there are. */
export const CROWD = { people: 18, steady: 36, sleepers: 4, newcomers: 12 };
/** Every so manieth list has two pages or more. */
const LONG_LIST_EVERY = 4;

/** Everybody who takes part. `nameWish` gives the name of a streamer's next wish. */
export function invite(telegram: Telegram, fetta: Fetta, nameWish: (nickname: string) => string): Cast {
  const people = Array.from({ length: CROWD.people }, () => telegram.person({ languageCode: "en" }));
  const places: Place[] = people.map((person) => ({ chat: person.id, thread: 0, type: "private", person }));
  const admin = telegram.person({ languageCode: "en" });
  const options = { administrators: [admin] };
  for (const group of [telegram.group(options), telegram.group({ ...options, supergroup: true })]) {
    const { id, title } = group;
    places.push({
      chat: id,
      thread: 0,
      type: group.type === "group" ? "group" : "supergroup",
      title,
      person: admin,
      group,
    });
  }
  const forum = telegram.group({ ...options, forum: true });
  for (const topic of ["Gifts", "More gifts"]) {
    const thread = telegram.topic(forum, topic);
    const { id, title } = forum;
    places.push({ chat: id, thread, type: "supergroup", title, person: admin, group: forum });
  }

  const streamers: Streamer[] = [];
  const add = (kind: Streamer["kind"], count: number) => {
    for (let n = 1; n <= count; n++) {
      const nickname = `${kind}${String(n).padStart(2, "0")}`;
      const length = n % LONG_LIST_EVERY === 0 ? 24 : 3 + (n % 5);
      const items = Array.from({ length }, () => ({ name: nameWish(nickname) }));
      streamers.push({ nickname, kind, list: fetta.streamer(nickname, { name: nickname, items }) });
    }
  };
  add("steady", CROWD.steady);
  add("sleeper", CROWD.sleepers);
  add("newcomer", CROWD.newcomers);
  return { places, streamers };
}

/** Where a streamer may be followed. A chat follows it in one of its topics at most, so each topic has its own. */
export function placesFor({ places }: Cast, { nickname }: Streamer): Place[] {
  const topics = places.filter(({ thread }) => thread !== 0);
  const own = topics[Number(nickname.slice(-2)) % topics.length];
  return places.filter((place) => place.thread === 0 || place === own);
}
