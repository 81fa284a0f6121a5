import type { MessageEntity } from "grammy/types";

type Found = Extract<MessageEntity["type"], "bot_command" | "mention" | "hashtag" | "email" | "url">;

/**
 * What Telegram finds in a text by itself: commands, mentions, hashtags, e-mail and web addresses. An address without
 * a protocol counts when its top-level domain is a common one (Telegram knows them all). Phone and card numbers are not looked for.
 */
const patterns: { type: Found; sign: string; pattern: RegExp }[] = [
  {
    type: "bot_command",
    sign: "/",
    pattern: /(?<![\p{L}\p{N}_/<>])\/[a-zA-Z0-9_]{1,64}(?:@[a-zA-Z0-9_]{3,32})?(?![\p{L}\p{N}_/<>])/gu,
  },
  { type: "mention", sign: "@", pattern: /(?<![\p{L}\p{N}_./@])@[a-zA-Z0-9_]{4,32}(?![\p{L}\p{N}_])/gu },
  {
    type: "hashtag",
    sign: "#",
    pattern: /(?<![\p{L}\p{N}_])#(?!\d+(?![\p{L}\p{N}_]))[\p{L}\p{N}_]{1,256}(?![\p{L}\p{N}_#])/gu,
  },
  {
    type: "email",
    sign: "@",
    pattern: /(?<![\p{L}\p{N}_.+-])[a-zA-Z0-9_.+-]{1,64}@(?:[a-zA-Z0-9-]+\.)+[a-zA-Z]{2,}(?![\p{L}\p{N}_])/gu,
  },
  {
    type: "url",
    sign: ".",
    pattern:
      /(?<![\p{L}\p{N}_@.-])(?:https?:\/\/(?:[\p{L}\p{N}_-]+\.)+[\p{L}\p{N}-]{2,}|(?:[\p{L}\p{N}_-]+\.)+(?:com|net|org|app|dev|info|io|me|tv|gg|live|shop|store|ru|ua|by|kz|uk|de|fr|it|es|pl|us|co|ai|to)(?![\p{L}\p{N}_.-]*[\p{L}\p{N}_]))(?::\d{1,5})?(?:[/?#][^\s<>"«»]*)?/giu,
  },
];

export function detectEntities(text: string): MessageEntity[] {
  const entities: { type: Found; offset: number; length: number }[] = [];
  for (const { type, sign, pattern } of patterns) {
    if (!text.includes(sign)) continue;
    for (const match of text.matchAll(pattern)) {
      const length = (type === "url" ? match[0].replace(/[.,:;!?'")\]}]+$/, "") : match[0]).length;
      entities.push({ type, offset: match.index, length });
    }
  }
  entities.sort((a, b) => a.offset - b.offset || b.length - a.length);
  let end = 0;
  return entities.filter((entity) => {
    if (entity.offset < end) return false;
    end = entity.offset + entity.length;
    return true;
  });
}
