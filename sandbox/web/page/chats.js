import { drawComposer } from "./composer.js";
import { ask, avatar, fill, h, icon, iconButton, openMenu } from "./dom.js";
import { serviceText } from "./messages.js";
import { act, chatsOf, go, isPrivate, leads, place, store, titleOf } from "./store.js";
import { spoken, time, word } from "./words.js";

const by = (id) => document.querySelector(id);
const LANGUAGES = { ru: "Русский", en: "English", de: "Deutsch", ar: "العربية" };

/** Who is played, with the language of their Telegram. */
export function drawAccount() {
  const { me } = place();
  const { people } = store.view;
  fill(by("#account"), [me, people], () => {
    const person = h(
      "select",
      { "data-key": "person", onchange: choosePerson },
      people.map(({ id, name }) => h("option", { value: id, selected: id === me.id }, name)),
      h("option", { value: "new" }, word("newPerson")),
    );
    const language = h(
      "select",
      { "data-key": "language", onchange: ({ target }) => act("language", { language: target.value }) },
      Object.entries(LANGUAGES).map(([code, name]) =>
        h("option", { value: code, selected: code === me.language }, name),
      ),
    );
    return [
      avatar(me.id, me.name),
      h("label", {}, h("span", {}, word("account")), person),
      h("label", {}, h("span", {}, word("language")), language),
    ];
  });
}

async function choosePerson({ target }) {
  if (target.value !== "new") return go({ me: target.value, chat: undefined, topic: undefined });
  target.value = place().me.id;
  const options = Object.entries(LANGUAGES);
  const fields = [
    { name: "name", label: word("name"), maxlength: 64 },
    { name: "language", label: word("language"), options, value: spoken() },
  ];
  const wanted = await ask({ title: word("newPerson"), fields, yes: word("save"), no: word("cancel") });
  const made = wanted && (await act("person", wanted));
  if (made !== undefined) go({ me: made.id, chat: undefined, topic: undefined });
}

export function drawChats() {
  const { me, chat } = place();
  const rows = chatsOf(me).map((one) => {
    const last = [...(store.messages.get(one.id)?.values() ?? [])].at(-1);
    const unread = store.unread.get(`${me.id} ${one.id}`) ?? 0;
    const said = last === undefined ? statusOf(one) : last.service ? serviceText(last) : last.text;
    return { ...one, title: titleOf(one), said, at: last?.date, unread, isOpen: one.id === chat.id };
  });
  fill(by("#chats"), rows, () => rows.map(chatRow));
  fill(by("#new-chat"), 0, () => [icon("plus"), word("newChat")]);
}

function chatRow({ id, title, said, at, unread, isOpen, type }) {
  const open = () => go({ chat: id, topic: undefined, pane: "chat" });
  return h(
    "li",
    {},
    h(
      "button",
      { type: "button", "data-key": `c${id}`, "aria-current": isOpen && "page", onclick: open },
      avatar(id, title, type === "private"),
      h("span", { class: "name" }, title),
      at !== undefined && h("time", {}, time(at)),
      h("span", { class: "said" }, said),
      unread > 0 &&
        h("span", { class: "badge" }, h("span", { class: "unseen" }, word("unread", { count: "" })), unread),
    ),
  );
}

by("#new-chat").addEventListener("click", newChat);

async function newChat() {
  const options = ["group", "supergroup", "forum", "channel"].map((kind) => [kind, word(kind)]);
  const fields = [
    { name: "title", label: word("title"), maxlength: 128 },
    { name: "kind", label: word("kindOfChat"), options },
  ];
  const wanted = await ask({ title: word("newChat"), fields, yes: word("save"), no: word("cancel") });
  const made = wanted && (await act("group", wanted));
  if (made !== undefined) go({ chat: made.id, topic: undefined, pane: "chat" });
}

export function drawHeader() {
  const { me, chat, topic } = place();
  const isTyping = (store.typing.get(chat.id) ?? 0) > Date.now();
  const status = isTyping ? word("typing") : statusOf(chat);
  fill(by("#chat-header"), [chat, me, status], () => [
    iconButton("back", word("back"), { class: "icon narrow", "data-key": "back", onclick: () => go({ pane: "list" }) }),
    avatar(chat.id, titleOf(chat), isPrivate(chat)),
    h("div", { class: "title" }, h("h2", {}, titleOf(chat)), h("p", {}, status)),
    h(
      "button",
      {
        ...{ type: "button", class: "quiet stage", "aria-label": word("backstage"), "data-key": "stage" },
        onclick: () => go({ pane: "world" }),
      },
      icon("stage"),
      h("span", {}, word("backstage")),
    ),
    iconButton("more", word("menu"), {
      "data-key": "more",
      onclick: (event) => openMenu(event.currentTarget, chatMenu()),
    }),
  ]);
  drawTopics(chat, topic);
  const { status: state, pending } = store.view.bot;
  by("#banner").textContent =
    state === "running"
      ? ""
      : `${word("botTitle")}: ${word(state)}${pending > 0 ? ` ${word("pending", { count: pending })}` : ""}`;
}

function drawTopics(chat, topic) {
  const all = chat.isForum ? [{ id: undefined, name: word("general") }, ...chat.topics] : [];
  const tabs = all.map((one) => ({
    ...one,
    isOpen: one.id === topic,
    isFresh: store.fresh.has(`${chat.id} ${one.id}`),
  }));
  fill(by("#topics"), tabs, () => {
    if (tabs.length === 0) return [];
    const tab = ({ id, name, isClosed, isOpen, isFresh }) =>
      h(
        "button",
        { type: "button", "data-key": `t${id}`, "aria-pressed": String(isOpen), onclick: () => go({ topic: id }) },
        isClosed ? `🔒 ${name}` : name,
        isFresh && h("span", { class: "badge" }, h("span", { class: "unseen" }, word("new"))),
      );
    return [...tabs.map(tab), h("button", { type: "button", onclick: newTopic }, word("addTopic"))];
  });
}

function statusOf(chat) {
  if (isPrivate(chat)) return word("bot");
  const bot = chat.access !== "open" ? "botOut" : chat.botIsAdministrator ? "botAdmin" : "botIn";
  return `${word("members", { count: chat.roles.length })}, ${word(bot)}`;
}

async function newTopic() {
  const fields = [{ name: "name", label: word("name"), maxlength: 128 }];
  const wanted = await ask({ title: word("addTopic"), fields, yes: word("save"), no: word("cancel") });
  const made = wanted && (await act("topic", wanted));
  if (made !== undefined) go({ topic: made.id });
}

function chatMenu() {
  const { me, chat, topic } = place();
  if (isPrivate(chat)) {
    const isBlocked = chat.access === "blocked";
    return [
      {
        label: word(isBlocked ? "unblock" : "block"),
        act: () => act("block", { value: !isBlocked }),
        disabled: chat.access === "unstarted",
      },
    ];
  }
  const disabled = !leads(chat, me);
  const isIn = chat.access === "open";
  const item = (label, name, fields, more = {}) => ({ label, act: () => act(name, fields), disabled, ...more });
  const items = [isIn ? item(word("kick"), "kick") : item(word("invite"), "invite")];
  if (isIn && chat.type !== "channel") {
    items.push(
      item(word(chat.botIsAdministrator ? "demote" : "promote"), "promote", { value: !chat.botIsAdministrator }),
    );
    const mark = store.isAnonymous ? "✓ " : "";
    items.push({
      label: mark + word("anonymously"),
      disabled,
      act: () => {
        store.isAnonymous = !store.isAnonymous;
        drawComposer();
      },
    });
  }
  if (topic !== undefined) {
    const isClosed = chat.topics.find(({ id }) => id === topic)?.isClosed ?? false;
    items.push(item(word(isClosed ? "reopenTopic" : "closeTopic"), "closeTopic", { thread: topic, value: !isClosed }));
  }
  for (const { id, role } of chat.roles) {
    const name = store.view.people.find((person) => person.id === id)?.name;
    if (role === "creator" || name === undefined) continue;
    const isLeader = role === "administrator";
    items.push(item(word(isLeader ? "makeMember" : "makeAdmin", { name }), "role", { member: id, value: !isLeader }));
  }
  if (chat.type === "group" && isIn) items.push(item(word("migrate"), "migrate"));
  return items;
}
