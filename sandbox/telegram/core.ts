import type { Changes } from "./changes.ts";
import type { Chats, Room, Stored } from "./chats.ts";
import type { createLimits } from "./limits.ts";
import type { Messages } from "./messages.ts";
import type { Updates } from "./updates.ts";
import type { BotUser } from "./wire.ts";

/** What both sides share: the methods the bot calls and the hands of the people. */
export type Core = {
  bot: BotUser;
  now: () => number;
  chats: Chats;
  messages: Messages;
  updates: Updates;
  changes: Changes;
  /** Absent when flood control is off. */
  limits: ReturnType<typeof createLimits> | undefined;
  /** A message in the Bot API's shape. */
  json: (room: Room, message: Stored) => object;
};
