import { createCallbacks } from "./callbacks.ts";
import { createChanges } from "./changes.ts";
import {
  type ChannelOptions,
  createChats,
  detailsOf,
  type GroupOptions,
  handleOf,
  type PersonOptions,
} from "./chats.ts";
import { createCommands } from "./commands.ts";
import type { Core } from "./core.ts";
import { editMethods } from "./edits.ts";
import { createFaults } from "./faults.ts";
import { createFiles } from "./files.ts";
import { createLimits, type Limits } from "./limits.ts";
import { memberMethods } from "./members.ts";
import { createMembership } from "./membership.ts";
import { createMessages } from "./messages.ts";
import { collectMethods, type Methods } from "./methods.ts";
import { createPolling } from "./polling.ts";
import { createProfile } from "./profile.ts";
import { sendMethods } from "./sends.ts";
import { startServer } from "./server.ts";
import { createTalk } from "./talk.ts";
import { createTopics } from "./topics.ts";
import type { Chat, ChatDetails, Message, Person } from "./types.ts";
import { type Carrier, createUpdates } from "./updates.ts";
import { createWaits } from "./waits.ts";
import { createWebhook, type WebhookOptions } from "./webhook.ts";
import { type BotUser, messageJson } from "./wire.ts";

export type * from "./types.ts";

export type TelegramOptions = {
  /** `<bot id>:<text>`. */
  token?: string;
  username?: string;
  /** 0 takes a free one. */
  port?: number;
  /** Flood control: 30 messages a second overall, 1 a second in a private chat, 20 a minute in a group; more is a 429. */
  enforceLimits?: boolean;
  limits?: Partial<Limits>;
  /** Off: the bot reads everything in groups. Default on, as BotFather does it. */
  privacy?: boolean;
  webhook?: WebhookOptions;
  /** Gets each update instead of the webhook or getUpdates: for whoever wants to say when the bot hears what. */
  carrier?: Carrier;
  now?: () => number;
};

export type Telegram = Awaited<ReturnType<typeof startTelegram>>;

/**
 * A Telegram on loopback: a Bot API as strict as the real one, with the people and chats on the other side of it in the
 * caller's hands. Set the bot's `BOT_API_ROOT` to `url`.
 */
export async function startTelegram({
  token = "42:TEST-token_abcdefghijklmnopqrstuvwxyz",
  username = "WishbellTestBot",
  port = 0,
  enforceLimits = false,
  limits = {},
  privacy = true,
  webhook: webhookOptions,
  carrier,
  now = Date.now,
}: TelegramOptions = {}) {
  const bot: BotUser = { id: Number.parseInt(token, 10), is_bot: true, first_name: "Wishbell", username };
  const changes = createChanges();
  const chats = createChats();
  const updates = createUpdates({ changes, carrier });
  const core: Core = {
    ...{ bot, now, chats, updates, changes },
    messages: createMessages({ now, changes }),
    limits: enforceLimits ? createLimits({ now, limits }) : undefined,
    json: (room, message) => messageJson(bot, chats.people, room, message),
  };
  const callbacks = createCallbacks(core);
  const commands = createCommands({ chats });
  const files = createFiles({ chats });
  const profile = createProfile({ bot, chats, privacy });
  const membership = createMembership(core);
  const topics = createTopics({ chats, service: membership.service });
  const polling = createPolling({ updates, isWebhookSet: () => webhook.get() !== undefined });
  const webhook = createWebhook({
    ...{ updates, now, options: webhookOptions },
    onSet: () => polling.terminate("terminated by setWebhook request"),
    reply: (method, params) => replyToWebhook(methods, method, params),
  });
  const methods = collectMethods(
    { getUpdates: polling.getUpdates, setWebhook: ({ params }) => webhook.setWebhook(params) },
    { deleteWebhook: ({ params }) => webhook.deleteWebhook(params), getWebhookInfo: webhook.getWebhookInfo },
    ...[
      sendMethods(core),
      editMethods(core),
      memberMethods(core),
      callbacks.methods,
      commands.methods,
      profile.methods,
      files.methods,
    ],
  );
  const faults = createFaults();
  const server = await startServer({ token, port, now, methods, faults, changes, file: files.read });
  const isIdle = () => updates.pending() === 0 && !server.isBusy();
  const waits = createWaits({ chats, changes, isIdle });

  async function close() {
    waits.close();
    polling.close();
    webhook.close();
    await server.close();
  }

  return {
    url: server.url,
    token,
    username,
    /** Ids are invented when absent. A new person has not started the bot: it cannot write to them before they did to it. */
    person: (options?: PersonOptions) => chats.person(options),
    group: (options?: GroupOptions) => handleOf(chats.group(options)),
    channel: (options?: ChannelOptions) => handleOf(chats.channel(options)),
    say: createTalk(core, { privacy }).say,
    /** Presses an inline button by its text (exact, else contained), or sends any callback data. Gives the update's id. */
    press: callbacks.press,
    /** What the chat shows now, oldest first. */
    messages: (chat: { id: number }): Message[] => [...chats.room(chat).messages.values()],
    until: waits.until,
    idle: waits.idle,
    calls: server.calls,
    callbackAnswers: callbacks.answers,
    fault: faults.add,
    block: membership.block,
    unblock: membership.unblock,
    deactivate: membership.deactivate,
    kick: membership.kick,
    add: membership.add,
    promote: membership.promote,
    setRole: membership.setRole,
    migrate: membership.migrate,
    topic: topics.topic,
    closeTopic: topics.closeTopic,
    reopenTopic: topics.reopenTopic,
    deleteTopic: topics.deleteTopic,
    /** A person deletes a message; bots are not told. */
    remove: ({ chatId, id }: Message) => core.messages.remove(chats.room({ id: chatId }), id),
    chats: (): Chat[] => [...chats.rooms.values()].map(handleOf),
    details: (chat: { id: number }): ChatDetails => detailsOf(chats.room(chat)),
    /** Updates the bot has not confirmed. */
    pending: updates.pending,
    webhook: webhook.get,
    get commands() {
      return commands.lists();
    },
    /** The commands that Telegram offers a person in a chat. */
    menu: (chat: { id: number }, person: Person) => commands.menu(chats.room(chat), person),
    /** By language; "" is every language. */
    descriptions: profile.descriptions,
    shortDescriptions: profile.shortDescriptions,
    /** By chat; 0 is every chat. */
    menuButtons: profile.menuButtons,
    onChange: changes.on,
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** A method named in the answer to a webhook is performed, and nobody hears how it went. */
function replyToWebhook(methods: Methods, name: string, params: Record<string, unknown>) {
  const method = methods.get(name.toLowerCase());
  Promise.try(() => method?.run({ params, onGone: () => {} })).catch(() => {});
}
