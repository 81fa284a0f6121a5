import { ask, toast } from "./dom.js";
import { word } from "./words.js";

/** What the page knows; `view` is as the server tells it. */
export const store = {
  view: undefined,
  /** By chat, then by id. */
  messages: new Map(),
  log: [],
  /** By `person chat`. */
  unread: new Map(),
  /** Topics with something new in them: `chat topic`. */
  fresh: new Set(),
  /** Until when the bot types, by chat. */
  typing: new Map(),
  /** Buttons that were pressed and are not answered yet: `chat message row column`. */
  pressed: new Set(),
  isAnonymous: false,
  /** The message that is being answered; null: nothing, although the bot asks for an answer. */
  reply: undefined,
  /** Of a link that was opened and waits for START. */
  payload: undefined,
};

/** Where the page is, as its address says: who is played, in which chat and topic, and what a narrow screen shows. */
export function place() {
  const at = new URLSearchParams(location.hash.slice(1));
  const number = (name) => (at.has(name) ? Number(at.get(name)) : undefined);
  const people = store.view?.people ?? [];
  const me = people.find(({ id }) => id === number("me")) ?? people[0];
  const chat = chatsOf(me).find(({ id }) => id === number("chat")) ?? chatsOf(me)[0];
  return { me, chat, topic: number("topic"), pane: at.get("pane") ?? "chat" };
}

export function go(changes) {
  const { me, chat, topic, pane } = place();
  const next = { me: me.id, chat: chat.id, topic, pane, ...changes };
  const known = Object.entries(next).filter(([, value]) => value !== undefined);
  location.hash = new URLSearchParams(known.map(([name, value]) => [name, String(value)]));
}

/** Chats that somebody sees, the private one with the bot first. What has become a supergroup is seen there. */
export function chatsOf(person) {
  return (store.view?.chats ?? [])
    .filter(
      ({ id, roles, access }) =>
        (id === person?.id || roles.some((role) => role.id === person?.id)) && access !== "migrated",
    )
    .toSorted((a, b) => (b.id === person?.id) - (a.id === person?.id));
}

export const isPrivate = (chat) => chat.type === "private";
export const nameOf = (id) => store.view.people.find((person) => person.id === id)?.name ?? "?";
export const titleOf = (chat) => (isPrivate(chat) ? "Wishbell" : chat.title);

export function leads(chat, person) {
  const role = chat.roles.find(({ id }) => id === person.id)?.role;
  return role === "creator" || role === "administrator";
}

/** Messages of a chat, oldest first; of one topic, when it has some (the first one has no id). */
export function messagesIn(chat, topic) {
  const all = [...(store.messages.get(chat.id)?.values() ?? [])].sort((a, b) => a.id - b.id);
  return chat.isForum ? all.filter((message) => isInTopic(chat, message, topic)) : all;
}

export function topicOf(chat, { threadId }) {
  return chat.topics.some(({ id }) => id === threadId) ? threadId : undefined;
}

export const isInTopic = (chat, message, topic) => !chat.isForum || topicOf(chat, message) === topic;

/**
 * Asks the server to do something, as whoever is played in the chat that is open; gives what it says, or undefined when it
 * cannot be done, which has been shown then.
 */
export async function act(name, fields = {}) {
  const { me, chat } = place();
  try {
    const response = await fetch(`do/${name}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ person: me.id, chat: chat.id, ...fields }),
    });
    const answer = await response.json();
    if (response.ok) return answer;
    // The end of a log wants more room than a note has.
    if (answer.error.length > 200) await ask({ title: answer.error, yes: word("ok") });
    else toast(answer.error);
  } catch {
    toast(word("failed"));
  }
  return undefined;
}
