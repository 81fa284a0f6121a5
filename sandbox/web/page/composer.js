import { fill, h, icon, openMenu, toast } from "./dom.js";
import { answer, drawReply } from "./messages.js";
import { act, isPrivate, leads, messagesIn, place, store } from "./store.js";
import { word } from "./words.js";

const by = (id) => document.querySelector(id);
const text = by("#text");

/** What stands where one writes: a field, or the one thing that can be done instead. */
export function drawComposer() {
  const { me, chat, topic } = place();
  const button = (label, press) =>
    h("button", { type: "button", class: "accent wide", "data-key": "instead", onclick: press }, label);
  const isClosed = chat.topics.some(({ id, isClosed }) => id === topic && isClosed);
  const instead =
    chat.access === "blocked"
      ? button(word("unblock"), () => act("block", { value: false }))
      : isPrivate(chat) && (chat.access === "unstarted" || store.payload !== undefined)
        ? button(word("start"), start)
        : chat.type === "channel" && !leads(chat, me)
          ? h("p", {}, word("readOnly"))
          : isClosed && !leads(chat, me)
            ? h("p", {}, word("closedTopic"))
            : undefined;
  const wasFocused = by("#instead").contains(document.activeElement);
  fill(by("#instead"), instead?.textContent, () => [instead]);
  by("#composer").hidden = instead !== undefined;
  if (wasFocused && instead === undefined) text.focus();
  const menu = store.view.menus.find((one) => one.chat === chat.id && one.person === me.id)?.commands ?? [];
  by("#commands").hidden = menu.length === 0;
  const { reply, placeholder } = replying();
  text.placeholder = placeholder || word(store.isAnonymous && leads(chat, me) ? "asChat" : "message");
  drawReply(by("#replying"), instead === undefined ? reply : undefined, () => {
    store.reply = null;
    drawComposer();
    text.focus();
  });
}

/** What the next message answers: what somebody chose, or what the bot asks for. */
function replying() {
  const { me, chat, topic } = place();
  if (store.reply) return { reply: store.reply };
  const last = messagesIn(chat, topic).at(-1);
  if (store.reply === null || !last?.forceReply || !isMeant(last, me)) return {};
  return { reply: last, placeholder: last.forceReply.placeholder };
}

function isMeant({ forceReply, entities, chatId, replyTo }, me) {
  if (!forceReply.selective || chatId === me.id) return true;
  const isMentioned = entities.some(({ type, user }) => type === "text_mention" && user.id === me.id);
  return isMentioned || store.messages.get(chatId)?.get(replyTo)?.from === me.id;
}

async function start() {
  const { payload } = store;
  store.payload = undefined;
  await say(payload ? `/start ${payload}` : "/start");
}

/** Gives whether it was said, with a file or without. */
export async function say(what, document) {
  const { topic } = place();
  const { reply } = replying();
  const { chat, me } = place();
  const anonymous = store.isAnonymous && leads(chat, me);
  const answer = await act("say", { text: what, thread: topic, replyTo: reply?.id, anonymous, document });
  if (answer === undefined) return false;
  store.reply = undefined;
  drawComposer();
  if (!answer.isTold && chat.access === "open" && chat.type !== "channel") toast(word("notTold"));
  return true;
}

/** A command from a menu or a text; in groups it names the bot, as Telegram does it. */
export function sayCommand(command) {
  const { chat } = place();
  const isNamed = isPrivate(chat) || command.includes("@");
  return say(isNamed ? command : `${command}@${store.view.bot.username}`);
}

/** Buttons and fields that are there once and for all. */
export function prepareComposer() {
  by("#commands").append(icon("slash"));
  by("#attach").append(icon("attach"));
  by("#attach").addEventListener("click", () => by("#file").click());
  by("#file").addEventListener("change", async ({ target }) => {
    const [file] = target.files;
    if (file === undefined) return;
    await say("", { fileName: file.name, text: await file.text() });
    target.value = "";
  });
  by("#send").append(icon("send"));
  by("#commands").addEventListener("click", ({ currentTarget }) => {
    const { me, chat } = place();
    const { commands } = store.view.menus.find((one) => one.chat === chat.id && one.person === me.id);
    openMenu(
      currentTarget,
      commands.map(({ command, description }) => {
        return { label: `/${command}`, note: description, act: () => sayCommand(`/${command}`) };
      }),
    );
  });
  by("#composer").addEventListener("submit", async (event) => {
    event.preventDefault();
    const what = text.value.trim();
    if (what === "") return;
    text.value = "";
    resize();
    if (!(await say(what))) text.value = what;
  });
  text.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && store.reply) answer(undefined);
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    by("#composer").requestSubmit();
  });
  text.addEventListener("input", resize);
  document.addEventListener("reply", () => {
    drawComposer();
    text.focus();
  });
}

/** The field grows with what is written. */
function resize() {
  text.style.height = "auto";
  text.style.height = `${Math.min(text.scrollHeight, 160)}px`;
}
