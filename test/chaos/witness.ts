import type { Telegram } from "../../sandbox/telegram/telegram.ts";
import type { Call, Message } from "../../sandbox/telegram/types.ts";
import type { Send, Told } from "./history.ts";
import type { TelegramTrouble } from "./telegram-trouble.ts";
import { readTokens } from "./wishes.ts";

export type Witness = ReturnType<typeof createWitness>;

const WRITES = new Set(["sendMessage", "editMessageText"]);
const NEWS = /^🎁/;

/** Sees what Telegram accepts, whoever hears of it, and how it answers. */
export function createWitness(telegram: Telegram, { fateOf }: Pick<TelegramTrouble, "fateOf">) {
  const told: Told[] = [];
  const heard = new Set<string>();
  const asked = new Map<number, Call>();
  const listeners = new Set<(message: Message) => void>();

  telegram.onChange((change) => {
    if (change.kind === "call" && change.call.method === "sendMessage" && change.call.chatId !== undefined) {
      asked.set(change.call.chatId, change.call);
    }
    if (change.kind !== "message" && change.kind !== "edit") return;
    const { message } = change;
    if (!message.fromBot) return;
    for (const listener of listeners) listener(message);
    if (change.kind === "edit" || !NEWS.test(message.text)) return;
    const { chatId: chat, id, date: at, text } = message;
    const tokens = readTokens(text);
    for (const token of tokens) heard.add(`${chat} ${token}`);
    const more = Number(/…and (\d+) more/.exec(text)?.[1] ?? 0);
    // The message follows its request at once.
    const call = asked.get(chat);
    const unanswered = call !== undefined && fateOf(call).isUnanswered;
    told.push({ chat, thread: message.threadId ?? 0, id, at, tokens, more, unanswered });
  });

  return {
    told,
    /** Whether a chat has been told of a wish by name. */
    hasHeard: (chat: number, token: number) => heard.has(`${chat} ${token}`),
    /** Tells of every message that the bot writes or edits; gives the function that stops it. */
    onMessage(listener: (message: Message) => void) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    /** All that the bot wrote, or tried to. */
    sends: (): Send[] =>
      telegram.calls.flatMap((call) => {
        const { method, params, chatId, at, code } = call;
        if (!WRITES.has(method) || chatId === undefined) return [];
        const { retryAfterMs } = fateOf(call);
        const isNews = method === "sendMessage" && NEWS.test(String(params.text));
        return [{ chat: chatId, at, isNews, code, injected: retryAfterMs !== undefined, retryAfterMs }];
      }),
  };
}
