import { Api } from "grammy";
import { expect, test } from "vitest";
import { startTelegram } from "../../sandbox/telegram/telegram.ts";
import { watchAnswers } from "../../src/delivery/watch.ts";

test("each call is told by what Telegram's answer means", async () => {
  await using telegram = await startTelegram();
  const told: string[] = [];
  const watched = (token: string, apiRoot = telegram.url) => {
    const api = new Api(token, { apiRoot });
    api.config.use(watchAnswers((method, answer) => void told.push(`${method} ${answer}`)));
    return api;
  };
  const api = watched(telegram.token);
  await api.getMe();
  await expect(api.sendMessage(404_404, "hello")).rejects.toThrow();
  await expect(watched("42:WRONG-token_abcdefghijklmnopqrstuvwxyz").getMe()).rejects.toThrow();
  await expect(watched(telegram.token, "http://127.0.0.1:1").getMe()).rejects.toThrow();
  expect(told).toEqual(["getMe ok", "sendMessage closed", "getMe revoked", "getMe retry"]);
});

test("of a call that we end ourselves nothing is told", async () => {
  await using telegram = await startTelegram();
  const told: string[] = [];
  const api = new Api(telegram.token, { apiRoot: telegram.url });
  api.config.use(watchAnswers((method, answer) => void told.push(`${method} ${answer}`)));
  const stop = new AbortController();
  const poll = api.getUpdates({ timeout: 30 }, stop.signal as Parameters<typeof api.getUpdates>[1]);
  stop.abort();
  await expect(poll).rejects.toThrow();
  expect(told).toEqual([]);
});
