import { enterChat } from "./access.ts";
import type { Room } from "./chats.ts";
import type { Core } from "./core.ts";
import { badRequest } from "./errors.ts";
import { textOf } from "./fields.ts";
import { sendMembership } from "./membership.ts";
import type { Request } from "./methods.ts";
import { botMember, roleJson } from "./roles.ts";
import { chatJson, personJson } from "./wire.ts";

/** Who is in a chat, and leaving it. */
export function memberMethods(core: Core) {
  const { bot, chats } = core;

  function memberJson(room: Room, id: number) {
    if (id === bot.id) return botMember(bot, room);
    const person = chats.people.get(id);
    if (person === undefined) throw badRequest("user not found");
    const role = room.type === "private" ? "member" : room.roles.get(id);
    return { user: personJson(person), ...roleJson(role) };
  }

  return {
    getChatMember({ params }: Request) {
      const id = Number.parseInt(textOf(params, "user_id"), 10);
      if (!(id > 0)) throw badRequest("invalid user_id specified");
      return memberJson(enterChat(chats, params), id);
    },
    getChatAdministrators({ params }: Request) {
      const room = enterChat(chats, params);
      if (room.type === "private") throw badRequest("there are no administrators in the private chat");
      const ids = [...room.roles].filter(([, role]) => role !== "member").map(([id]) => id);
      return [...ids, ...(room.botIsAdministrator ? [bot.id] : [])].map((id) => memberJson(room, id));
    },
    getChat({ params }: Request) {
      const room = enterChat(chats, params, "read");
      return {
        ...chatJson(room),
        accent_color_id: 0,
        max_reaction_count: 11,
        accepted_gift_types: {
          unlimited_gifts: false,
          limited_gifts: false,
          unique_gifts: false,
          premium_subscription: false,
          gifts_from_channels: false,
        },
      };
    },
    leaveChat({ params }: Request) {
      const room = enterChat(chats, params);
      if (room.type === "private") throw badRequest("chat member status can't be changed in private chats");
      sendMembership(core, room, "left", bot);
      return true;
    },
  };
}
