import type { MessageEntity } from "grammy/types";
import type { Announcement, FormattedText } from "../db/broadcasts.ts";

/** A line of dashes, whichever a keyboard makes of them. */
const SEPARATOR = /^[ \t]*(?:[-–—]{2,}|[–—])[ \t]*$/gm;

/** What an operator can format; links, mentions and the like are found by Telegram itself. */
const FORMATS = new Set<MessageEntity["type"]>([
  "bold",
  "italic",
  "underline",
  "strikethrough",
  "spoiler",
  "code",
  "pre",
  "text_link",
  "blockquote",
  "expandable_blockquote",
]);

/**
 * Reads what is to be announced: one text for all, or a Russian and an English one with a line of dashes between them.
 * Undefined when it is neither.
 */
export function readAnnouncement(whole: FormattedText): Announcement | undefined {
  const [separator, ...more] = whole.text.matchAll(SEPARATOR);
  if (more.length > 0) return undefined;
  const end = separator?.index ?? whole.text.length;
  const ru = part(whole, 0, end);
  if (separator === undefined) return ru && { ru, en: ru };
  const en = part(whole, end + separator[0].length, whole.text.length);
  return ru && en && { ru, en };
}

/** What stands between two places, without blanks around it; undefined when that is nothing. */
export function part({ text, entities }: FormattedText, from: number, to: number): FormattedText | undefined {
  const piece = text.slice(from, to);
  const begin = from + piece.length - piece.trimStart().length;
  const end = from + piece.trimEnd().length;
  if (begin >= end) return undefined;
  return {
    text: text.slice(begin, end),
    entities: entities.flatMap((entity) => {
      const first = Math.max(entity.offset, begin);
      const length = Math.min(entity.offset + entity.length, end) - first;
      return length > 0 && FORMATS.has(entity.type) ? [{ ...entity, offset: first - begin, length }] : [];
    }),
  };
}
