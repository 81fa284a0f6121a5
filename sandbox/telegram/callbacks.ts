import type { Stored } from "./chats.ts";
import type { Core } from "./core.ts";
import { badRequest } from "./errors.ts";
import { flagOf, textOf } from "./fields.ts";
import type { Request } from "./methods.ts";
import type { CallbackAnswer, Message, Person } from "./types.ts";
import { chatJson, personJson } from "./wire.ts";

/** How long a press waits for its answer; Telegram promises nothing, and 15 s is what people have measured. */
const answerableMs = 15_000;

/** Pressing inline buttons, and the bot's answers to that. */
export function createCallbacks(core: Core) {
  const { chats, changes, updates, now } = core;
  const open = new Map<string, { from: number; at: number }>();
  const answers: CallbackAnswer[] = [];
  let lastId = 4_801_000_000_000_000_000n;

  function press(message: Message, button: string | { data: string }, from: Person): number {
    const room = chats.room({ id: message.chatId });
    const shown = room.messages.get(message.id);
    const data = typeof button === "string" ? findData(shown, button) : button.data;
    const id = String(++lastId);
    open.set(id, { from: from.id, at: now() });
    return updates.push(room.id, "callback_query", {
      id,
      from: personJson(from),
      // A message that is gone is told by its place alone.
      message: shown === undefined ? { chat: chatJson(room), message_id: message.id, date: 0 } : core.json(room, shown),
      chat_instance: String(BigInt(room.id) * 7_919n),
      data,
    });
  }

  return {
    answers,
    press,
    methods: {
      answerCallbackQuery({ params }: Request) {
        const id = textOf(params, "callback_query_id");
        const query = open.get(id);
        if (query === undefined || now() - query.at > answerableMs) {
          throw badRequest("query is too old and response timeout expired or query ID is invalid");
        }
        const text = textOf(params, "text");
        if (text.length > 200) throw badRequest("MESSAGE_TOO_LONG");
        if (textOf(params, "url") !== "") throw badRequest("URL_INVALID");
        open.delete(id);
        const answer = {
          from: query.from,
          ...(text === "" ? {} : { text }),
          showAlert: flagOf(params, "show_alert"),
          at: now(),
        };
        answers.push(answer);
        changes.emit({ kind: "callbackAnswer", answer });
        return true;
      },
    },
  };
}

function findData(message: Stored | undefined, text: string): string {
  const buttons = message?.buttons.flat() ?? [];
  const button = buttons.find((one) => one.text === text) ?? buttons.find((one) => one.text.includes(text));
  if (button?.data !== undefined) return button.data;
  if (button !== undefined)
    throw new Error(`The button "${button.text}" opens ${button.url} and tells the bot nothing`);
  throw new Error(
    `No button "${text}" on the message; it has: ${buttons.map((one) => one.text).join(" | ") || "none"}`,
  );
}
