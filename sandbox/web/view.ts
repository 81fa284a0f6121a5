import { isWatched } from "../demo/reaction.ts";
import type { Streamer, World } from "../demo/world.ts";
import type { Change, Message } from "../telegram/telegram.ts";

/** Everything that the page shows, but messages: those are told one by one. */
export function viewOf(world: World) {
  const { telegram, people, streamers, site, clock, bot } = world;
  const chats = telegram.chats().map(telegram.details);
  const menus = chats.flatMap((chat) =>
    people
      .filter(({ id }) => chat.id === id || chat.roles.some((role) => role.id === id))
      .map((person) => ({ chat: chat.id, person: person.id, commands: telegram.menu(chat, person) })),
  );
  const state = bot.state();
  return {
    kind: "view" as const,
    // What waits for a bot that is at work is gone before anybody could read of it.
    bot: { username: telegram.username, ...state, pending: state.status === "running" ? 0 : telegram.pending() },
    descriptions: telegram.descriptions,
    people: people.map(({ id, firstName, languageCode }) => ({ id, name: firstName, language: languageCode })),
    ...{ chats, menus },
    streamers: streamers.filter(({ list }) => !list.isGone).map((streamer) => viewStreamer(world, streamer)),
    site: { trouble: site.trouble() },
    clock: { aheadMs: clock.aheadMs() },
  };
}

function viewStreamer(world: World, { list, ideas }: Streamer) {
  const { ownerId, nickname, name, url, isPrivate } = list;
  const items = list.items().map(({ id, name, price, imageUrl, isPinned, isUnavailable }) => {
    return { id, name, price, picture: imageUrl, isPinned, isUnavailable };
  });
  return { ...{ ownerId, nickname, name, url, isPrivate, items }, idea: ideas[0], isWatched: isWatched(world, list) };
}

export type MessageView = Message & { kind: "message" | "edit" };

/** What a change is to the page; undefined when it is nothing. */
export function changeOf(change: Change): object | undefined {
  switch (change.kind) {
    case "message":
    case "edit":
      return viewMessage(change.message, change.kind);
    case "delete":
    case "chatAction":
      return change;
    case "callbackAnswer":
      return { kind: "answer", ...change.answer };
    default:
      return undefined;
  }
}

export function viewMessage(message: Message, kind: "message" | "edit"): MessageView {
  const { id, chatId, threadId, text, entities, buttons, photo, fromBot, from, date, editedAt } = message;
  const { replyTo, silent, linkPreview, forceReply, document, service } = message;
  return {
    ...{ kind, id, chatId, threadId, text, entities, buttons, photo, fromBot, from, date, editedAt },
    ...{ replyTo, silent, linkPreview, forceReply, document, service },
  };
}
