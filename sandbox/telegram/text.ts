import type { MessageEntity } from "grammy/types";
import { detectEntities } from "./detect.ts";
import { readEntities, sortEntities } from "./entities.ts";
import { badRequest } from "./errors.ts";
import { type Params, textOf } from "./fields.ts";
import { parseHtml } from "./html.ts";

/** Text with its entities; offsets and lengths in UTF-16 units. `html` is the source, when it was HTML. */
export type Formatted = { text: string; entities: MessageEntity[]; html?: string | undefined };

/**
 * Reads `text` or `caption` with its parse mode or entities. Only HTML is spoken here: Markdown is refused as an
 * unknown parse mode, which Telegram would take.
 */
export function readText(params: Params, name: "text" | "caption", isKnown: (userId: number) => boolean): Formatted {
  const source = textOf(params, name);
  if (Buffer.byteLength(source) > 1 << 15) throw badRequest("text is too long");
  const mode = textOf(params, "parse_mode").toLowerCase();
  if (source !== "" && mode !== "" && mode !== "none") {
    if (mode !== "html") throw badRequest("unsupported parse_mode");
    return { ...parseHtml(source, isKnown), html: source };
  }
  return { text: source, entities: readEntities(params, name === "text" ? "entities" : "caption_entities", isKnown) };
}

/**
 * What Telegram makes of a text before it shows it (TDLib: fix_formatted_text): control characters become spaces, the
 * ends are trimmed, entities move along, commands, mentions and links are found.
 */
export function tidyText({ text, entities, html }: Formatted, { allowEmpty = false } = {}): Formatted {
  checkBounds(text, entities);
  const kept = keptCharacters(text);
  // Spaces at the beginning that an entity covers stay.
  const blank = /^[ \n]*/.exec(kept.text)?.[0].length ?? 0;
  const begin = Math.min(blank, ...entities.map((entity) => kept.place(entity.offset)));
  const end = kept.text.replace(/[ \n]+$/, "").length;
  // biome-ignore lint/suspicious/noMisleadingCharacterClass: single invisible characters are meant
  if (end <= begin || /^[\s\u200b-\u200f\u2060-\u2064\u3164\ufe0f\ufeff]*$/.test(kept.text)) {
    if (allowEmpty) return { text: "", entities: [], html };
    throw badRequest("text must be non-empty");
  }
  const tidy = kept.text.slice(begin, end);
  const place = (at: number) => Math.min(Math.max(kept.place(at) - begin, 0), tidy.length);
  const moved = entities.flatMap((entity) => {
    const offset = place(entity.offset);
    const length = place(entity.offset + entity.length) - offset;
    return length > 0 ? [{ ...entity, offset, length }] : [];
  });
  const continuous = moved.filter((entity) => !splittable.has(entity.type));
  const free = detectEntities(tidy).filter((entity) => !continuous.some((other) => intersect(entity, other)));
  return { text: tidy, entities: free.length === 0 ? moved : sortEntities([...moved, ...free]), html };
}

/** Entities that others may lie in or across. */
const splittable = new Set<MessageEntity["type"]>([
  "bold",
  "italic",
  "underline",
  "strikethrough",
  "spoiler",
  "blockquote",
  "expandable_blockquote",
]);

const intersect = (a: MessageEntity, b: MessageEntity) =>
  a.offset < b.offset + b.length && b.offset < a.offset + a.length;

function checkBounds(text: string, entities: MessageEntity[]) {
  for (const { offset, length } of entities) {
    if (offset < 0 || offset > 1e6) throw badRequest(`receive an entity with incorrect offset ${offset}`);
    if (length < 0 || length > 1e6) throw badRequest(`receive an entity with incorrect length ${length}`);
    if (length === 0) continue;
    if (offset > text.length) {
      throw badRequest(`entity begins after the end of the text at UTF-16 offset ${offset}`);
    }
    const end = offset + length;
    if (end > text.length) {
      const where = `entity beginning at UTF-16 offset ${offset}`;
      throw badRequest(`${where} ends after the end of the text at UTF-16 offset ${end}`);
    }
    for (const [at, verb] of [[offset, "begins"] as const, [end, "ends"] as const]) {
      if (/[\udc00-\udfff]/.test(text.charAt(at))) {
        const byte = Buffer.byteLength(text.slice(0, at - 1));
        throw badRequest(`entity ${verb} in a middle of a UTF-16 symbol at byte offset ${byte}`);
      }
    }
  }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what Telegram replaces with a space
const replaced = /[\u0000-\u0009\u000b\u000c\u000e-\u001f]/;
/** Line and paragraph separators, marks that turn the writing round, and combining lines. */
const dropped = /[\r\u2028-\u202e]|\u0333|\u033f|\u030a/;

/** The text without what Telegram drops, and where each old offset has gone. */
function keptCharacters(text: string) {
  if (!replaced.test(text) && !dropped.test(text)) return { text, place: (at: number) => at };
  const places: number[] = [];
  let kept = "";
  for (const unit of text.split("")) {
    places.push(kept.length);
    if (!dropped.test(unit)) kept += replaced.test(unit) ? " " : unit;
  }
  return { text: kept, place: (at: number) => places[at] ?? kept.length };
}
