const BOT = { id: 42, is_bot: true, first_name: "Wishbell", username: "WishbellBenchBot" };
const CHAT = { id: 1, type: "private", first_name: "Somebody" };

/** What a Bot API that checks nothing answers to a method; `messageId` is of the message that it has sent, if it has. */
export function botApiResult(method: string, messageId: number): unknown {
  if (method === "getMe") return BOT;
  if (method === "sendMessage") return { message_id: messageId, date: 0, chat: CHAT, from: BOT, text: "…" };
  return true;
}
