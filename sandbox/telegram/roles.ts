import type { Role, Room } from "./chats.ts";
import type { BotUser } from "./wire.ts";

const administratorRights = {
  can_be_edited: false,
  can_manage_chat: true,
  can_delete_messages: true,
  can_invite_users: true,
  is_anonymous: false,
};

/** A ChatMember's fields beside `user`. */
export function roleJson(role: Role | undefined) {
  if (role === "creator") return { status: role, is_anonymous: false };
  if (role === "administrator") return { status: role, ...administratorRights };
  return { status: role ?? "left" };
}

/** The bot's own place in a chat. */
export function botMember(bot: BotUser, room: Room) {
  if (room.access === "kicked" || room.access === "blocked") return { user: bot, status: "kicked", until_date: 0 };
  if (room.access === "left" || room.access === "unstarted") return { user: bot, status: "left" };
  return { user: bot, ...roleJson(room.botIsAdministrator ? "administrator" : "member") };
}
