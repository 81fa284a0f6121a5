import type { MessageEntity } from "grammy/types";
import { type Draft, sortEntities, textLink } from "./entities.ts";
import { badRequest } from "./errors.ts";

const styles: Record<string, "bold" | "italic" | "underline" | "strikethrough" | "spoiler"> = {
  b: "bold",
  strong: "bold",
  i: "italic",
  em: "italic",
  u: "underline",
  ins: "underline",
  s: "strikethrough",
  strike: "strikethrough",
  del: "strikethrough",
  "tg-spoiler": "spoiler",
  span: "spoiler",
};
const tags = new Set([...Object.keys(styles), "a", "code", "pre", "blockquote", "tg-emoji"]);
const named = new Map([
  ["lt", "<"],
  ["gt", ">"],
  ["amp", "&"],
  ["quot", '"'],
]);

type Open = { tag: string; argument: string; offset: number };

/**
 * Telegram's HTML parse mode, with its errors word for word (TDLib: MessageEntity.cpp, parse_html). It is not HTML: an
 * unknown entity (`&nbsp;`) stays text, and a `<` that begins no known tag is an error at its offset in UTF-8 bytes.
 * A link that Telegram does not take becomes plain text without an error. `isKnown` tells whether a person may be mentioned.
 * @throws {ApiError} 400 "can't parse entities: …"
 */
export function parseHtml(source: string, isKnown: (userId: number) => boolean) {
  const open: Open[] = [];
  const drafts: Draft[] = [];
  let text = "";
  let at = 0;
  while (at < source.length) {
    const next = source.slice(at).search(/[<&]/);
    if (next !== 0) {
      text += next < 0 ? source.slice(at) : source.slice(at, at + next);
      at = next < 0 ? source.length : at + next;
    } else if (source[at] === "&") {
      const entity = decodeEntity(source, at);
      text += entity?.text ?? "&";
      at = entity?.end ?? at + 1;
    } else if (source[at + 1] === "/") {
      const end = readEndTag(source, at, open);
      const closed = open.pop();
      if (closed !== undefined && text.length > closed.offset) addEntity(drafts, closed, text, isKnown);
      at = end;
    } else {
      const start = readStartTag(source, at);
      open.push({ tag: start.tag, argument: start.argument, offset: text.length });
      at = start.end;
    }
  }
  const unclosed = open.at(-1);
  if (unclosed !== undefined) throw fault(`Can't find end tag corresponding to start tag "${unclosed.tag}"`);
  if (!text.isWellFormed()) {
    throw fault(
      "Text contains invalid Unicode characters after decoding HTML entities, check for unmatched surrogate code units",
    );
  }
  return { text, entities: sortEntities(drafts.map(finish)) };
}

const fault = (text: string) => badRequest(`can't parse entities: ${text}`);
const isSpace = (char: string | undefined) => char === undefined || /[ \t\r\n\v]/.test(char);
const bytesBefore = (source: string, at: number) => Buffer.byteLength(source.slice(0, at));

function skipSpaces(source: string, at: number) {
  let end = at;
  while (end < source.length && isSpace(source[end])) end++;
  return end;
}

function decodeEntity(source: string, at: number) {
  const match = /^&(?:#x([0-9a-f]+)|#(\d+)|([a-z]+));?/i.exec(source.slice(at, at + 12));
  if (match === null) return undefined;
  const [whole, hex, decimal, name] = match;
  if (name !== undefined) {
    const text = named.get(name);
    return text === undefined ? undefined : { text, end: at + whole.length };
  }
  const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
  if (code === 0 || code >= 0x10ffff || whole.replace(";", "").length >= 10) return undefined;
  return { text: String.fromCodePoint(code), end: at + whole.length };
}

function readStartTag(source: string, begin: number) {
  const offset = () => bytesBefore(source, begin);
  let at = begin + 1;
  while (!isSpace(source[at]) && source[at] !== ">") at++;
  if (at >= source.length) throw fault(`Unclosed start tag at byte offset ${offset()}`);
  const tag = source.slice(begin + 1, at).toLowerCase();
  if (!tags.has(tag)) throw fault(`Unsupported start tag "${tag}" at byte offset ${offset()}`);

  let argument = "";
  for (;;) {
    at = skipSpaces(source, at);
    if (source[at] === ">") break;
    const nameBegin = at;
    while (!isSpace(source[at]) && !/[=>/"']/.test(source.charAt(at))) at++;
    const name = source.slice(nameBegin, at);
    if (name === "") throw fault(`Empty attribute name in the tag "${tag}" at byte offset ${offset()}`);
    at = skipSpaces(source, at);
    if (at >= source.length) throw fault(`Unclosed start tag "${tag}" at byte offset ${offset()}`);
    if (source[at] !== "=") {
      if (tag === "blockquote" && name === "expandable") argument = "1";
      continue;
    }
    at = skipSpaces(source, at + 1);
    if (at >= source.length) throw fault(`Unclosed start tag "${tag}" at byte offset ${offset()}`);
    const value = readAttribute(source, at);
    at = value.end;
    if (at >= source.length) throw fault(`Unclosed start tag at byte offset ${offset()}`);
    argument = argumentOf(tag, name, value.text) ?? argument;
  }
  if (tag === "span" && argument !== "spoiler") {
    throw fault(`Tag "span" must have class "tg-spoiler" at byte offset ${offset()}`);
  }
  return { tag, argument, end: at + 1 };
}

function argumentOf(tag: string, name: string, value: string) {
  if (tag === "a" && name === "href") return value;
  if (tag === "code" && name === "class" && value.startsWith("language-")) return value.slice(9);
  if (tag === "span" && name === "class" && value.startsWith("tg-")) return value.slice(3);
  if (tag === "tg-emoji" && name === "emoji-id") return value;
  if (tag === "blockquote" && name === "expandable") return "1";
  return undefined;
}

function readAttribute(source: string, begin: number) {
  const quote = source[begin];
  let at = begin;
  if (quote !== '"' && quote !== "'") {
    while (/[a-z0-9.-]/i.test(source.charAt(at))) at++;
    if (!isSpace(source[at]) && source[at] !== ">") {
      throw fault(`Unexpected end of name token at byte offset ${bytesBefore(source, begin)}`);
    }
    return { text: source.slice(begin, at).toLowerCase(), end: at };
  }
  let text = "";
  for (at++; at < source.length && source[at] !== quote; ) {
    const entity = source[at] === "&" ? decodeEntity(source, at) : undefined;
    text += entity?.text ?? source[at];
    at = entity?.end ?? at + 1;
  }
  return { text, end: at + 1 };
}

/** Gives where the text goes on behind the end tag. */
function readEndTag(source: string, begin: number, open: Open[]) {
  const last = open.at(-1);
  if (last === undefined) throw fault(`Unexpected end tag at byte offset ${bytesBefore(source, begin)}`);
  let at = begin + 2;
  while (!isSpace(source[at]) && source[at] !== ">") at++;
  const tag = source.slice(begin + 2, at).toLowerCase();
  at = skipSpaces(source, at);
  if (source[at] !== ">") throw fault(`Unclosed end tag at byte offset ${bytesBefore(source, begin)}`);
  if (tag !== "" && tag !== last.tag) {
    const offset = bytesBefore(source, begin);
    throw fault(`Unmatched end tag at byte offset ${offset}, expected "</${last.tag}>", found "</${tag}>"`);
  }
  return at + 1;
}

function addEntity(drafts: Draft[], { tag, argument, offset }: Open, text: string, isKnown: (id: number) => boolean) {
  const place = { offset, length: text.length - offset };
  const style = styles[tag];
  const last = drafts.at(-1);
  const wraps = last?.offset === offset && last.length === place.length;
  if (style !== undefined) drafts.push({ type: style, ...place });
  else if (tag === "tg-emoji") {
    if (
      !/^-?\d{1,19}$/.test(argument) ||
      BigInt(argument) === 0n ||
      BigInt.asIntN(64, BigInt(argument)) !== BigInt(argument)
    ) {
      throw fault("Invalid custom emoji identifier specified");
    }
    drafts.push({ type: "custom_emoji", custom_emoji_id: argument, ...place });
  } else if (tag === "a") {
    const link = textLink(argument || text.slice(offset), place, isKnown);
    if (!("fault" in link)) drafts.push(link);
  } else if (tag === "pre") {
    if (wraps && last.type === "code" && last.language) last.type = "pre";
    else drafts.push({ type: "pre", ...place });
  } else if (tag === "code") {
    if (wraps && last.type === "pre" && argument !== "") last.language = argument;
    else drafts.push({ type: "code", language: argument, ...place });
  } else drafts.push({ type: argument === "" ? "blockquote" : "expandable_blockquote", ...place });
}

/** A language belongs to a block of code only. */
function finish({ language, ...entity }: Draft): MessageEntity {
  return (entity.type === "pre" && language ? { ...entity, language } : entity) as MessageEntity;
}
