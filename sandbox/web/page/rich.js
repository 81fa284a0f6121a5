import { h } from "./dom.js";
import { word } from "./words.js";

const tags = { bold: "b", italic: "i", underline: "u", strikethrough: "s", code: "code" };
const blocks = new Set(["pre", "blockquote", "expandable_blockquote"]);

/** A text with Telegram's entities as nodes. Offsets are UTF-16 units, as of strings here. */
export function rich(text, entities) {
  const spans = entities.map((entity) => ({ entity, start: entity.offset, end: entity.offset + entity.length }));
  return nodes(text, spans, 0, text.length);
}

/** `spans` come outer before inner, left before right; one that sticks out of another is cut there and goes on behind it. */
function nodes(text, spans, from, to) {
  const made = [];
  let at = from;
  let left = spans;
  let isAfterBlock = false;
  const addText = (end, isBeforeBlock) => {
    // A block begins and ends a line by itself.
    const start = isAfterBlock && text[at] === "\n" ? at + 1 : at;
    const stop = isBeforeBlock && end > start && text[end - 1] === "\n" ? end - 1 : end;
    if (stop > start) made.push(text.slice(start, stop));
  };
  while (left.length > 0) {
    const [{ entity, start, end }, ...others] = left;
    const isBlock = blocks.has(entity.type);
    addText(start, isBlock);
    const inside = others.filter((one) => one.start < end).map((one) => ({ ...one, end: Math.min(one.end, end) }));
    made.push(wrap(entity, text.slice(start, end), nodes(text, inside, start, end)));
    left = others.filter((one) => one.end > end).map((one) => ({ ...one, start: Math.max(one.start, end) }));
    at = end;
    isAfterBlock = isBlock;
  }
  addText(to, false);
  return made;
}

function wrap(entity, text, children) {
  const { type } = entity;
  if (Object.hasOwn(tags, type)) return h(tags[type], {}, children);
  switch (type) {
    case "text_link":
      return link(entity.url, children);
    case "url":
      return link(/^https?:/i.test(text) ? text : `http://${text}`, children);
    case "email":
      return link(`mailto:${text}`, children);
    case "bot_command":
      return h("button", { type: "button", class: "link", "data-command": text }, children);
    case "pre":
      return h("pre", {}, entity.language && h("small", {}, entity.language), h("code", {}, children));
    case "blockquote":
      return h("blockquote", {}, children);
    case "expandable_blockquote":
      return expandable(children);
    case "spoiler":
      return spoiler(children);
    case "mention":
    case "text_mention":
    case "hashtag":
    case "cashtag":
      return h("span", { class: "tag" }, children);
    default:
      return h("span", {}, children);
  }
}

function link(url, children) {
  return h("a", { href: url, rel: "noopener noreferrer", "data-link": url }, children);
}

/** Three lines, and all of it when it is asked for. */
function expandable(children) {
  const quote = h("blockquote", { class: "folded" }, h("div", {}, children));
  const toggle = h("button", {
    type: "button",
    class: "unfold",
    "aria-label": word("toggleQuote"),
    "aria-expanded": "false",
    onclick() {
      const isFolded = quote.classList.toggle("folded");
      toggle.setAttribute("aria-expanded", String(!isFolded));
    },
  });
  quote.append(toggle);
  return quote;
}

function spoiler(children) {
  const content = h(
    "span",
    { class: "spoiler", role: "button", tabindex: "0", "aria-label": word("spoiler") },
    children,
  );
  const reveal = (event) => {
    if (event.type === "keydown" && event.key !== "Enter" && event.key !== " ") return;
    if (!content.hasAttribute("role")) return;
    event.preventDefault();
    for (const name of ["role", "tabindex", "aria-label"]) content.removeAttribute(name);
    content.classList.add("revealed");
  };
  content.addEventListener("click", reveal);
  content.addEventListener("keydown", reveal);
  return content;
}
