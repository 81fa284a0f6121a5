import { fill, h, icon, keepFocus, openMenu, toast } from "./dom.js";
import { rich } from "./rich.js";
import { act, isInTopic, isPrivate, messagesIn, nameOf, place, store } from "./store.js";
import { day, time, word } from "./words.js";

const log = document.querySelector("#messages");
const SHOWN_OF_FILE = 20_000;
/** Whoever reads the end goes on reading the end, whatever comes and however much room there is. */
let isAtEnd = true;

const showEnd = () => {
  if (isAtEnd) log.scrollTop = log.scrollHeight;
};
log.addEventListener("scroll", () => {
  isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 60;
});
new ResizeObserver(showEnd).observe(log);

/** Shows the chat that is open from its beginning, at its end. */
export function drawMessages() {
  const { me, chat, topic } = place();
  log.replaceChildren();
  for (const message of messagesIn(chat, topic)) add(message);
  if (log.childElementCount === 0) drawEmpty(me, chat);
  isAtEnd = true;
  showEnd();
}

function drawEmpty(me, chat) {
  if (!isPrivate(chat)) return;
  const { descriptions, bot } = store.view;
  const text = descriptions[me.language] ?? descriptions[""];
  const title = h("p", {}, h("b", {}, text === undefined ? `@${bot.username}` : word("startNote")));
  log.append(h("div", { class: "empty" }, h("div", { class: "big", "aria-hidden": "true" }, "🔔"), title, text));
}

/** A message that is new or has changed. */
export function drawMessage(message) {
  const { chat, topic } = place();
  if (message.chatId !== chat.id || !isInTopic(chat, message, topic)) return;
  log.querySelector(".empty")?.remove();
  const old = log.querySelector(`#m${message.id}`);
  if (old === null) add(message);
  else keepFocus(log, () => old.replaceWith(build(message)));
  if (old !== null) log.querySelector(`#m${message.id} .bubble`)?.classList.add("changed");
  showEnd();
}

export function dropMessage(id) {
  keepFocus(log, () => log.querySelector(`#m${id}`)?.remove());
}

/** A press has been answered: no button waits any more. */
export function settlePresses() {
  for (const button of log.querySelectorAll("[aria-busy]")) button.removeAttribute("aria-busy");
}

function add(message) {
  const date = day(message.date);
  const last = [...log.querySelectorAll(".day")].at(-1);
  if (last?.textContent !== date) log.append(h("p", { class: "day" }, date));
  log.append(build(message));
}

function build(message) {
  const { me, chat } = place();
  const { id, service, fromBot, from, text, entities, buttons } = message;
  const attributes = { id: `m${id}`, "data-key": `m${id}` };
  if (service !== undefined) return h("p", { ...attributes, class: "service" }, serviceText(message));
  const isOwn = !fromBot && from === me.id;
  const isPost = chat.type === "channel";
  const sender = fromBot ? "Wishbell" : from === undefined ? chat.title : nameOf(from);
  const isNamed = !isPrivate(chat) && !isOwn && !isPost;
  const preview = picture(message);
  const body = [fileOf(message), text !== "" && h("div", { class: "text" }, rich(text, entities))];
  const meta = h(
    "div",
    { class: "meta" },
    moreButton(message),
    message.silent && h("span", { role: "img", "aria-label": word("silent"), title: word("silent") }, "🔕"),
    message.editedAt !== undefined && h("span", {}, word("edited")),
    h("time", {}, time(message.date)),
  );
  const bubble = h(
    "div",
    { class: `bubble${preview === undefined ? "" : " pictured"}` },
    h("p", { class: isNamed ? "sender" : "unseen" }, isPost ? chat.title : sender),
    quoteOf(message),
    message.linkPreview?.show_above_text || message.photo ? [preview, ...body] : [...body, preview],
    meta,
  );
  const keyboard = buttons.map((row, r) =>
    h(
      "div",
      { class: "row" },
      row.map((button, c) => keyButton(message, button, r, c)),
    ),
  );
  return h(
    "article",
    { ...attributes, class: isOwn ? "message own" : "message" },
    bubble,
    keyboard.length > 0 && h("div", { class: "keyboard" }, keyboard),
  );
}

/** A file, to be read on the spot. */
function fileOf({ document: file }) {
  if (file === undefined) return undefined;
  const size = `${Math.ceil(new Blob([file.text]).size / 1024)} kB`;
  const summary = h("summary", {}, "📄 ", h("b", {}, file.fileName), " ", h("small", {}, size));
  return h("details", { class: "file" }, summary, h("pre", { tabindex: "0" }, file.text.slice(0, SHOWN_OF_FILE)));
}

function keyButton({ chatId, id }, button, row, column) {
  const key = `b${chatId} ${id} ${row} ${column}`;
  const { text, data, url } = button;
  if (url !== undefined) {
    return h(
      "a",
      { class: "key", href: url, rel: "noopener noreferrer", "data-link": url, "data-key": key },
      text,
      h("span", { "aria-hidden": "true", class: "corner" }, "↗"),
    );
  }
  const press = async (event) => {
    if (data === undefined) return toast(word("buttonElsewhere"));
    const pressed = event.currentTarget;
    pressed.setAttribute("aria-busy", "true");
    if ((await act("press", { message: id, row, column })) === undefined) pressed.removeAttribute("aria-busy");
  };
  return h("button", { type: "button", class: "key", "data-key": key, onclick: press }, text);
}

function quoteOf({ chatId, replyTo }) {
  const quoted = store.messages.get(chatId)?.get(replyTo);
  if (quoted === undefined || quoted.service !== undefined) return undefined;
  const show = () => log.querySelector(`#m${quoted.id}`)?.scrollIntoView({ block: "center" });
  const sender = quoted.fromBot ? "Wishbell" : nameOf(quoted.from);
  return h("button", { type: "button", class: "quote", onclick: show }, h("b", {}, sender), h("span", {}, quoted.text));
}

/** A photo, or what stands for the page that a link leads to. */
function picture({ photo, linkPreview, entities, text, fromBot }) {
  if (photo !== undefined) return image(photo, word("photo"), "large");
  if (!fromBot || linkPreview?.is_disabled) return undefined;
  const url = linkPreview?.url ?? entities.map((entity) => linkOf(entity, text)).find((one) => one !== undefined);
  if (url === undefined || !URL.canParse(url)) return undefined;
  const size = linkPreview?.prefer_small_media ? "small" : "large";
  const { host, pathname } = new URL(url);
  if (/\.(jpe?g|png|webp|gif)$/i.test(pathname)) return image(url, word("picture"), size);
  return h("p", { class: "preview" }, h("b", {}, host), h("span", {}, decodeURI(pathname)));
}

function linkOf({ type, offset, length, url }, text) {
  return type === "text_link" ? url : type === "url" ? text.slice(offset, offset + length) : undefined;
}

/** Shops are never asked for their pictures: the server draws them. */
function image(of, alt, size) {
  const element = h("img", {
    class: `picture ${size}`,
    src: `picture?of=${encodeURIComponent(of)}`,
    alt,
    width: 480,
    height: 240,
  });
  element.addEventListener("error", () =>
    element.replaceWith(h("p", { class: "preview" }, h("b", {}, alt), h("span", {}, of))),
  );
  return element;
}

function moreButton(message) {
  const items = () => [
    { label: word("reply"), act: () => answer(message) },
    { label: word("delete"), act: () => act("remove", { message: message.id }) },
  ];
  const label = word("messageMenu");
  const open = (event) => openMenu(event.currentTarget, items());
  return h(
    "button",
    { type: "button", class: "icon more", "aria-label": label, title: label, onclick: open },
    icon("more"),
  );
}

export function answer(message) {
  store.reply = message;
  document.dispatchEvent(new Event("reply"));
}

export function serviceText({ service, from }) {
  const who = from === undefined ? "Wishbell" : nameOf(from);
  if ("new_chat_members" in service) {
    const whom = service.new_chat_members.map(({ first_name: name }) => name).join(", ");
    return word("service_added", { who, whom });
  }
  if ("forum_topic_created" in service) return word("service_topic", { who, what: service.forum_topic_created.name });
  if ("forum_topic_closed" in service) return word("service_topicClosed");
  if ("forum_topic_reopened" in service) return word("service_topicReopened");
  if ("migrate_to_chat_id" in service) return word("service_migrated");
  if ("migrate_from_chat_id" in service) return word("service_migratedFrom");
  return Object.keys(service).join(", ");
}

/** The field above the composer with the message that is answered. */
export function drawReply(container, message, cancel) {
  fill(container, message && [message.id, message.text], () => {
    if (message === undefined) return [];
    const sender = message.fromBot ? "Wishbell" : nameOf(message.from);
    return [
      h("div", {}, h("b", {}, word("answerTo", { name: sender })), h("span", {}, message.text)),
      h("button", { type: "button", class: "icon", "aria-label": word("cancel"), onclick: cancel }, icon("close")),
    ];
  });
}
