/**
 * What happened during a run, as it was seen from outside: on the wishlists, in the chats, at Telegram. Times are ms since
 * 1970 of this machine's clock; chats are Telegram's ids; streamers are nicknames. The outbox alone is read from the
 * database: it tells which checks a message that shows only its first ten items was about.
 */

export type Wish = {
  /** Stands in its name, so that messages can be read. */
  token: number;
  streamer: string;
  addedAt: number;
  /**
   * `news`: those who follow are owed it · `known`: it was on the list when nobody followed · `again`: a product that
   * was deleted and added once more. Nobody may hear of the latter two.
   */
  fate: "news" | "known" | "again";
  /** Not on the list any more. */
  goneAt?: number;
  /** Everybody who was owed it had heard before it went. */
  settled?: boolean;
};

/** One span in which a chat followed a streamer. */
export type Follow = {
  chat: number;
  thread: number;
  streamer: string;
  /** /track was sent. */
  askedAt: number;
  /** The bot has said that it tracks, and news counts from here. */
  since?: number;
  /** /untrack was sent: nothing is owed any more. */
  leftAskedAt?: number;
  /** The bot has said that it does not track any more. */
  leftAt?: number;
};

/** News that Telegram accepted, in the order in which it did. */
export type Told = {
  chat: number;
  thread: number;
  /** Telegram's id of the message. */
  id: number;
  at: number;
  tokens: number[];
  /** Items that the message only counts. */
  more: number;
  /** Telegram's answer did not arrive, and was not meant to. */
  unanswered: boolean;
};

/** A row of the outbox. */
export type Row = {
  id: number;
  chat: number;
  thread: number;
  streamer: string;
  state: string;
  messageId?: number | undefined;
  /** Rows of one message share it. */
  group?: string | undefined;
  /** The wishes that its check found. */
  tokens: number[];
};

/** One request of the bot that writes something into a chat. */
export type Send = {
  chat: number;
  at: number;
  /** News, and not an answer to a command. */
  isNews: boolean;
  /** Telegram's answer; 0: none. */
  code: number;
  /** The refusal was ours, and not flood control's. */
  injected: boolean;
  /** Of a 429. */
  retryAfterMs?: number | undefined;
};

/** Something that must not be, with what is needed to look for its cause. */
export type Finding = { what: string; chat?: number; streamer?: string; token?: number; at?: number };

export const placeOf = ({ chat, thread }: { chat: number; thread: number }) => `${chat} ${thread}`;
