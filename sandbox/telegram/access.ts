import type { Chats, Room } from "./chats.ts";
import { ApiError, badRequest, forbidden } from "./errors.ts";
import { type Params, textOf } from "./fields.ts";

/**
 * Finds the chat of a request and lets the bot in, or says why not (Client.cpp: check_chat, check_chat_access). `read` is
 * enough for getChat. Usernames are not looked up: no chat here has a public one.
 */
export function enterChat(chats: Chats, params: Params, need: "read" | "write" = "write"): Room {
  const id = textOf(params, "chat_id");
  if (id === "") throw badRequest("chat_id is empty");
  const room = /^-?\d{1,15}$/.test(id) ? chats.rooms.get(Number(id)) : undefined;
  if (room === undefined) throw badRequest("chat not found");
  const kind = room.type === "private" ? "" : `${room.type} chat`;
  const lenient = need === "read" && (room.type === "private" || room.type === "group");
  if (lenient || room.access === "open") return room;
  if (room.access === "kicked") throw forbidden(`bot was kicked from the ${kind}`);
  if (room.access === "left") throw forbidden(`bot is not a member of the ${kind}`);
  if (room.access === "deactivated") throw forbidden("user is deactivated");
  if (room.access === "migrated") {
    const parameters = { migrate_to_chat_id: room.migratedTo ?? 0 };
    throw new ApiError(400, "Bad Request: group chat was upgraded to a supergroup chat", parameters);
  }
  return room;
}

/** What Telegram's own servers refuse once a message is well-formed: people who do not want it, closed topics. */
export function checkDeliverable(room: Room, threadId?: number) {
  if (room.access === "unstarted") throw forbidden("bot can't initiate conversation with a user");
  if (room.access === "blocked") throw forbidden("bot was blocked by the user");
  if (threadId !== undefined && room.topics.get(threadId)?.isClosed && !room.botIsAdministrator) {
    throw badRequest("TOPIC_CLOSED");
  }
}
