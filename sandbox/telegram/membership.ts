import type { Access, Role, Room } from "./chats.ts";
import { handleOf } from "./chats.ts";
import type { Core } from "./core.ts";
import { botMember } from "./roles.ts";
import type { Chat, Person } from "./types.ts";
import { chatJson, personJson } from "./wire.ts";

/**
 * Changes the bot's place in a chat and tells it so (`my_chat_member`). Whoever is out is no administrator any more. Gives
 * the update's id.
 */
export function sendMembership(
  core: Core,
  room: Room,
  access: Access,
  by: object,
  isAdministrator = room.botIsAdministrator,
): number {
  const before = botMember(core.bot, room);
  room.access = access;
  room.botIsAdministrator = isAdministrator && access === "open";
  core.changes.emit({ kind: "chat", chat: handleOf(room) });
  return core.updates.push(room.id, "my_chat_member", {
    chat: chatJson(room),
    from: by,
    date: Math.floor(core.now() / 1000),
    old_chat_member: before,
    new_chat_member: botMember(core.bot, room),
  });
}

/** What people do to the bot: block it, throw it out, invite it, turn their group into a supergroup. */
export function createMembership(core: Core) {
  const { bot, chats, messages, updates } = core;

  function leaderOf(room: Room) {
    const id = [...room.roles].find(([, role]) => role === "creator")?.[0];
    const person = chats.people.get(id ?? room.id);
    return person === undefined ? bot : personJson(person);
  }

  /** A message that tells what happened in the chat; bots always see them. */
  function service(room: Room, fields: Record<string, unknown>, threadId?: number) {
    const from = [...room.roles].find(([, role]) => role === "creator")?.[0];
    const message = messages.post(room, { service: fields, from, threadId });
    updates.push(room.id, "message", core.json(room, message));
    return message;
  }

  return {
    block(person: Person) {
      const room = chats.room(person);
      if (room.access !== "blocked") sendMembership(core, room, "blocked", personJson(person));
    },
    unblock(person: Person) {
      const room = chats.room(person);
      if (room.access === "blocked") sendMembership(core, room, "open", personJson(person));
    },
    /** The account is gone: sends get 403, and no update tells of it. */
    deactivate(person: Person) {
      chats.room(person).access = "deactivated";
    },
    kick(chat: Chat, how: "kicked" | "left" = "kicked") {
      const room = chats.room(chat);
      sendMembership(core, room, how, leaderOf(room));
    },
    /** Groups also show who was invited. A channel makes the bot an administrator. `by`: its creator, if nobody else. */
    add(chat: Chat, by?: Person) {
      const room = chats.room(chat);
      if (room.access === "open") room.access = "left";
      const adder = by === undefined ? leaderOf(room) : personJson(by);
      sendMembership(core, room, "open", adder, room.type === "channel" || room.botIsAdministrator);
      if (room.type !== "channel") {
        service(room, { new_chat_members: [bot], new_chat_member: bot, new_chat_participant: bot });
      }
    },
    /** Makes the bot an administrator, or an ordinary member again; in a channel it cannot be that. */
    promote(chat: Chat, isAdministrator = true) {
      const room = chats.room(chat);
      if (room.type === "private" || room.type === "channel" || room.access !== "open") {
        throw new Error(`Chat ${chat.id} is no group with the bot in it`);
      }
      if (room.botIsAdministrator !== isAdministrator) {
        sendMembership(core, room, "open", leaderOf(room), isAdministrator);
      }
    },
    /** Gives a person another place in a group or channel; bots that do not ask for `chat_member` are not told. */
    setRole(chat: Chat, person: Person, role: Role) {
      const room = chats.room(chat);
      if (room.type === "private") throw new Error("In a private chat everybody is what they are");
      if (room.roles.get(person.id) === "creator") throw new Error("Whoever made a chat stays its creator");
      room.roles.set(person.id, role);
      core.changes.emit({ kind: "chat", chat: handleOf(room) });
    },
    migrate(chat: Chat): Chat {
      const group = chats.room(chat);
      if (group.type !== "group" || group.access !== "open")
        throw new Error(`Chat ${chat.id} is no group with the bot in it`);
      const next = chats.migrate(group);
      service(group, { migrate_to_chat_id: next.id });
      service(next, { migrate_from_chat_id: group.id });
      core.changes.emit({ kind: "chat", chat: handleOf(next) });
      return handleOf(next);
    },
    service,
  };
}
