import { Api } from "grammy";
import type { Update } from "grammy/types";
import { startTelegram, type Telegram, type TelegramOptions } from "../../sandbox/telegram/telegram.ts";

export type Answer = {
  ok: boolean;
  error_code?: number;
  description?: string;
  parameters?: { retry_after?: number; migrate_to_chat_id?: number };
  result?: unknown;
};

/** Asks the Bot API as plain HTTP does. */
export async function ask(telegram: Telegram, method: string, params: object = {}, token = telegram.token) {
  const response = await fetch(`${telegram.url}/bot${token}/${method}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(params),
  });
  return (await response.json()) as Answer;
}

/** The description of a refusal, or "ok". */
export async function refusal(telegram: Telegram, method: string, params: object) {
  const { ok, description } = await ask(telegram, method, params);
  return ok ? "ok" : description;
}

export const apiOf = (telegram: Telegram) => new Api(telegram.token, { apiRoot: telegram.url });

/** A sandbox with one person who has started the bot. */
export async function sandbox(options: TelegramOptions = {}) {
  const telegram = await startTelegram(options);
  const ann = telegram.person({ firstName: "Ann", languageCode: "en" });
  telegram.say("/start", { from: ann });
  return { telegram, ann, chat_id: ann.id, api: apiOf(telegram), [Symbol.asyncDispose]: telegram.close };
}

/** Gets what is pending and confirms it, as a poller does. */
export async function updatesOf(telegram: Telegram): Promise<Update[]> {
  const api = apiOf(telegram);
  const updates = await api.getUpdates();
  const last = updates.at(-1);
  if (last !== undefined) await api.getUpdates({ offset: last.update_id + 1 });
  return updates;
}
