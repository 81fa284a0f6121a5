import type { MessageEntity } from "grammy/types";

/** A text as Telegram shows it; offsets and lengths of what is formatted in it are in UTF-16 units. */
export type FormattedText = { text: string; entities: MessageEntity[] };

/** What is announced, by language; both may be the same. */
export type Announcement = { ru: FormattedText; en: FormattedText };
