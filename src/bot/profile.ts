import { createHash } from "node:crypto";
import { type Api, GrammyError } from "grammy";
import type { BotCommand, BotCommandScope } from "grammy/types";
import type { Leader } from "../checker/leader.ts";
import type { Orm } from "../db/client.ts";
import { notePublication, readPublications } from "../db/publications.ts";
import { plainText, type Texts } from "./texts.ts";

export type ProfileOptions = {
  api: Api;
  orm: (query: string) => Orm;
  texts: Texts;
  adminIds: number[];
  failed: (error: unknown) => void;
};

const PRIVATE = [
  "track",
  "untrack",
  "list",
  "wishlist",
  "new",
  "mute",
  "settings",
  "groups",
  "privacy",
  "help",
] as const;
const GROUP = ["list", "wishlist", "new", "help"] as const;
const GROUP_ADMINISTRATORS = ["track", "untrack", "list", "wishlist", "new", "mute", "settings", "help"] as const;
const OPERATORS = [...PRIVATE, "status", "halt", "resume", "recheck", "priority", "broadcast"] as const;

/** The keys of the texts, by command. */
const DESCRIPTIONS: Record<(typeof OPERATORS)[number], string> = {
  track: "command-track",
  untrack: "command-untrack",
  list: "command-list",
  wishlist: "command-wishlist",
  new: "command-new",
  mute: "command-mute",
  settings: "command-settings",
  groups: "command-groups",
  privacy: "command-privacy",
  help: "command-help",
  status: "command-status",
  halt: "command-halt",
  resume: "command-resume",
  recheck: "command-recheck",
  priority: "command-priority",
  broadcast: "command-broadcast",
};

/** What Telegram shows of the bot: everybody without a text in their language sees those for "". */
const LANGUAGES = [
  { code: "", language: "en" },
  { code: "ru", language: "ru" },
] as const;

type Publication = { key: string; content: unknown; publish: (api: Api) => Promise<unknown> };

/**
 * Tells Telegram the commands of each scope and language and what the bot says of itself, as far as it has changed since
 * it was last told: these calls are strictly limited. What fails is tried again by the next leader.
 */
export async function publishProfile(options: ProfileOptions, leader: Leader): Promise<void> {
  const { api, orm, failed } = options;
  try {
    const told = await readPublications(orm("loop_publications"));
    for (const { key, content, publish } of publications(options)) {
      const hash = createHash("sha256").update(JSON.stringify(content)).digest("base64url");
      if (told.get(key) === hash) continue;
      if (leader.signal.aborted || !leader.trusted()) return;
      try {
        await publish(api);
      } catch (error) {
        // An operator who has not written to the bot yet: there is no chat to show commands in.
        if (error instanceof GrammyError && error.error_code === 400) continue;
        throw error;
      }
      await leader.write("loop_publish", (db) => [notePublication(db, key, hash)]);
    }
  } catch (error) {
    if (!leader.signal.aborted) failed(error);
  }
}

function publications({ texts, adminIds }: ProfileOptions): Publication[] {
  return LANGUAGES.flatMap(({ code, language }) => {
    const text = (key: string) => plainText(texts(language, key));
    const of = (names: readonly (typeof OPERATORS)[number][]): BotCommand[] =>
      names.map((command) => ({ command, description: text(DESCRIPTIONS[command]) }));
    // Telegram's types want the language to be absent rather than "".
    const place = code === "" ? {} : { language_code: code };
    const commands = (scope: BotCommandScope, list: BotCommand[]): Publication => ({
      key: `commands ${JSON.stringify(scope)} ${code}`,
      content: list,
      publish: (api) => api.setMyCommands(list, { scope, ...place }),
    });
    const description = text("profile-description");
    const about = text("profile-about");
    return [
      commands({ type: "default" }, of(PRIVATE)),
      commands({ type: "all_group_chats" }, of(GROUP)),
      commands({ type: "all_chat_administrators" }, of(GROUP_ADMINISTRATORS)),
      ...adminIds.map((id) => commands({ type: "chat", chat_id: id }, of(OPERATORS))),
      {
        key: `description ${code}`,
        content: description,
        publish: (api) => api.setMyDescription(description, place),
      },
      { key: `about ${code}`, content: about, publish: (api) => api.setMyShortDescription(about, place) },
    ];
  });
}
