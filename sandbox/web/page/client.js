import { drawAccount, drawChats, drawHeader } from "./chats.js";
import { drawComposer, prepareComposer, sayCommand } from "./composer.js";
import { ask, icon, openMenu, toast } from "./dom.js";
import { drawMessage, drawMessages, dropMessage, settlePresses } from "./messages.js";
import { drawSteps, noteNews } from "./steps.js";
import { act, chatsOf, go, leads, place, store, topicOf } from "./store.js";
import { showStreamer } from "./wishlists.js";
import { speak, spoken, word } from "./words.js";
import { drawLog, drawWorld } from "./world.js";

const TYPING_MS = 5_000;
const KEPT_LINES = 200;

let drawn = "";

const told = {
  hello({ view, messages, log }) {
    store.view = view;
    store.messages = Map.groupBy(messages, ({ chatId }) => chatId);
    for (const [chat, list] of store.messages) store.messages.set(chat, new Map(list.map((one) => [one.id, one])));
    store.log = log;
    drawn = "";
    drawPlace();
  },
  view(view) {
    store.view = view;
    draw();
  },
  message(message) {
    note(message);
    if (message.fromBot) {
      store.typing.delete(message.chatId);
      noteNews();
    }
    countUnread(message);
    // A new message is a new question, whatever was done with the last one.
    if (store.reply === null) store.reply = undefined;
    drawMessage(message);
    draw();
  },
  edit(message) {
    note(message);
    drawMessage(message);
    draw();
  },
  delete({ chatId, messageId }) {
    store.messages.get(chatId)?.delete(messageId);
    if (place().chat.id === chatId) dropMessage(messageId);
    draw();
  },
  answer({ from, text, showAlert }) {
    if (from !== place().me.id) return;
    settlePresses();
    if (text === undefined) return;
    if (showAlert) void ask({ title: text, yes: word("ok") });
    else toast(text);
  },
  chatAction({ chatId }) {
    store.typing.set(chatId, Date.now() + TYPING_MS);
    setTimeout(drawHeader, TYPING_MS);
    drawHeader();
  },
  log({ line }) {
    store.log.push(line);
    store.log.splice(0, store.log.length - KEPT_LINES);
    drawLog();
  },
};

function note(message) {
  const chat = store.messages.get(message.chatId) ?? new Map();
  store.messages.set(message.chatId, chat.set(message.id, message));
}

function countUnread(message) {
  const { chatId, from } = message;
  const { me, chat, topic } = place();
  const there = store.view.chats.find(({ id }) => id === chatId);
  const isElsewhere = chat.id !== chatId || topicOf(there, message) !== topic;
  if (there?.isForum && isElsewhere) store.fresh.add(`${chatId} ${topicOf(there, message)}`);
  for (const person of store.view.people) {
    const isReading = person.id === me.id && chat.id === chatId;
    if (isReading || from === person.id || !chatsOf(person).some(({ id }) => id === chatId)) continue;
    const key = `${person.id} ${chatId}`;
    store.unread.set(key, (store.unread.get(key) ?? 0) + 1);
  }
}

/** Everything but the messages; and them too, when another place is open than was drawn. */
function draw() {
  const { me, chat, topic, pane } = place();
  speakAs(me);
  document.body.dataset.pane = pane;
  drawAccount();
  drawChats();
  drawHeader();
  drawComposer();
  drawSteps();
  drawWorld();
  const now = JSON.stringify([me.id, chat.id, topic, spoken(), chat.access === "unstarted" && store.view.descriptions]);
  if (now === drawn) return;
  drawn = now;
  drawMessages();
}

/** Another chat, person, topic or part of the page. */
function drawPlace() {
  const { me, chat, topic } = place();
  store.unread.delete(`${me.id} ${chat.id}`);
  store.fresh.delete(`${chat.id} ${topic}`);
  if (store.reply && store.reply.chatId !== chat.id) store.reply = undefined;
  if (store.payload !== undefined && chat.id !== me.id) store.payload = undefined;
  draw();
}

function speakAs({ language }) {
  speak(language);
  if (document.documentElement.lang === spoken() && document.body.dataset.spoken) return;
  document.documentElement.lang = spoken();
  document.body.dataset.spoken = "yes";
  for (const element of document.querySelectorAll("[data-word]")) element.textContent = word(element.dataset.word);
  for (const element of document.querySelectorAll("[data-label]")) {
    element.setAttribute("aria-label", word(element.dataset.label));
  }
  for (const [id, key] of [
    ["#send", "send"],
    ["#attach", "attach"],
    ["#commands", "commands"],
    ["#world-close", "close"],
  ]) {
    document.querySelector(id).setAttribute("aria-label", word(key));
    document.querySelector(id).title = word(key);
  }
}

/** Opens a link as Telegram would; nothing leaves this machine. */
function openLink(url, anchor) {
  const link = URL.parse(url);
  const isTelegram = link?.hostname === "t.me" || link?.hostname === "telegram.me";
  if (isTelegram && link.pathname.slice(1).toLowerCase() === store.view.bot.username.toLowerCase()) {
    const { me } = place();
    const group = link.searchParams.get("startgroup") ?? link.searchParams.get("startchannel");
    if (group !== null) return chooseGroup(link.searchParams, anchor);
    go({ chat: me.id, topic: undefined, pane: "chat" });
    store.payload = link.searchParams.get("start") ?? undefined;
    return draw();
  }
  const nickname = /^\/u\/([^/]+)/.exec(link?.hostname === "fetta.app" ? link.pathname : "")?.[1];
  if (nickname === undefined || !showStreamer(decodeURIComponent(nickname))) toast(word("opens", { url }));
}

function chooseGroup(params, anchor) {
  const { me } = place();
  const isChannel = params.has("startchannel");
  const chats = chatsOf(me).filter((chat) => leads(chat, me) && (chat.type === "channel") === isChannel);
  const items = chats.map(({ id, title }) => ({
    label: title,
    act: async () => {
      await act("invite", { chat: id, payload: params.get("startgroup") ?? "" });
      go({ chat: id, topic: undefined, pane: "chat" });
    },
  }));
  openMenu(anchor, [{ label: word("whichGroup"), act() {}, disabled: true }, ...items]);
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-link]");
  const command = event.target.closest("[data-command]");
  if (link !== null && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    openLink(link.dataset.link, link);
  } else if (command !== null) void sayCommand(command.dataset.command);
});
document.querySelector("#world-close").append(icon("close"));
document.querySelector("#world-close").addEventListener("click", () => go({ pane: "chat" }));
window.addEventListener("hashchange", drawPlace);
prepareComposer();

const events = new EventSource("events");
events.addEventListener("message", ({ data }) => {
  const { kind, ...event } = JSON.parse(data);
  told[kind]?.(event);
});
events.addEventListener("error", () => {
  document.querySelector("#banner").textContent = word("failed");
});
