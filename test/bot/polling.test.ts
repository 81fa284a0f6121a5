import { setTimeout as sleep } from "node:timers/promises";
import { Api } from "grammy";
import type { Update } from "grammy/types";
import { expect, test } from "vitest";
import { startTelegram, type Telegram } from "../../sandbox/telegram/telegram.ts";
import { pollUpdates } from "../../src/bot/polling.ts";

test("updates are confirmed only after every handler of their batch has ended", async () => {
  await using telegram = await startTelegram();
  const gates = new Map<string, () => void>();
  await using poller = poll(telegram, (text) => new Promise<void>((resolve) => gates.set(text, resolve)));
  const ann = telegram.person();
  for (const text of ["a", "b"]) telegram.say(text, { from: ann });
  await poller.handled(2);
  gates.get("b")?.();
  await sleep(50);
  expect(telegram.pending()).toBe(2);
  gates.get("a")?.();
  await telegram.idle();
  expect(telegram.pending()).toBe(0);
  expect(poller.texts).toEqual(["a", "b"]);
});

test("at the end running handlers are waited for, and nothing is left to be handled again", async () => {
  await using telegram = await startTelegram();
  let ended = 0;
  await using poller = poll(telegram, async () => {
    await sleep(200);
    ended++;
  });
  const ann = telegram.person();
  for (let n = 0; n < 30; n++) telegram.say(`${n}`, { from: ann });
  await poller.handled(1);
  await poller.stop();
  expect(ended).toBe(poller.texts.length);
  expect(telegram.pending()).toBe(30 - ended);
});

test("a handler that takes too long is not waited for; what came before it is confirmed, the rest is not", async () => {
  await using telegram = await startTelegram();
  await using poller = poll(telegram, (text) => (text === "slow" ? sleep(2_000) : Promise.resolve()), {
    patience: { handlersMs: 100, confirmMs: 1_000 },
  });
  const ann = telegram.person();
  for (const text of ["a", "slow", "b"]) telegram.say(text, { from: ann });
  await poller.handled(3);
  await poller.stop();
  expect(telegram.pending()).toBe(2);
  expect(String(poller.failures.at(-1))).toMatch(/1 updates take too long/);
});

test("a Telegram that hangs does not keep the process from stopping", async () => {
  await using telegram = await startTelegram();
  await using poller = poll(telegram, async () => undefined, { patience: { handlersMs: 100, confirmMs: 100 } });
  telegram.say("a", { from: telegram.person() });
  await telegram.idle();
  telegram.fault({ when: ({ method }) => method === "getUpdates", do: { kind: "hang" } });
  const started = performance.now();
  await poller.stop();
  expect(performance.now() - started).toBeLessThan(1_000);
});

test("two pollers on one token do not chase one another", async () => {
  await using telegram = await startTelegram();
  await using one = poll(telegram);
  await until(() => polls(telegram) === 1);
  await using two = poll(telegram);
  await until(() => one.failures.length === 1);
  await sleep(500);
  expect(String(one.failures[0])).toMatch(/409: Conflict/);
  expect(two.failures).toEqual([]);
  expect(polls(telegram)).toBe(2);
});

test("a webhook in the way is deleted, however many attempts that takes, and what it had pending is kept", async () => {
  await using telegram = await startTelegram();
  const api = new Api(telegram.token, { apiRoot: telegram.url });
  await api.setWebhook("http://127.0.0.1:9/webhook");
  telegram.say("a", { from: telegram.person() });
  telegram.fault({ when: ({ method }) => method === "deleteWebhook", times: 1, do: { kind: "html", status: 502 } });
  await using poller = poll(telegram);
  await poller.handled(1);
  expect(poller.texts).toEqual(["a"]);
  expect(poller.failures).toHaveLength(1);
});

test("what arrives after the lease has ended is left to the next leader, who is not disturbed", async () => {
  await using telegram = await startTelegram();
  const ann = telegram.person();
  let trusted = true;
  await using poller = poll(telegram, undefined, { trusted: () => trusted });
  telegram.say("a", { from: ann });
  await telegram.idle();
  const before = polls(telegram);
  trusted = false;
  telegram.say("b", { from: ann });
  await sleep(100);
  await poller.stop();
  expect(poller.texts).toEqual(["a"]);
  expect(telegram.pending()).toBe(1);
  expect(polls(telegram)).toBe(before);
});

test("a handler that rejects is told of once, and its update is not handled again", async () => {
  await using telegram = await startTelegram();
  await using poller = poll(telegram, () => Promise.reject(new Error("a bug")));
  telegram.say("a", { from: telegram.person() });
  await telegram.idle();
  await sleep(50);
  expect(poller.failures.map(String)).toEqual(["Error: a bug"]);
  expect(poller.texts).toEqual(["a"]);
});

test("it goes on when Telegram was not there for a while", async () => {
  await using telegram = await startTelegram();
  telegram.fault({ when: ({ method }) => method === "getUpdates", times: 1, do: { kind: "reset" } });
  await using poller = poll(telegram);
  telegram.say("a", { from: telegram.person() });
  await poller.handled(1);
  expect(poller.failures).toHaveLength(1);
});

/** A poller that notes the texts it was handed, before it handles them. */
function poll(
  telegram: Telegram,
  handle: (text: string) => Promise<unknown> = async () => undefined,
  options: Partial<Parameters<typeof pollUpdates>[0]> = {},
) {
  const texts: string[] = [];
  const failures: unknown[] = [];
  const stopping = new AbortController();
  const ended = pollUpdates(
    {
      async handle({ message }: Update) {
        const text = message?.text ?? "";
        texts.push(text);
        await handle(text);
      },
      api: new Api(telegram.token, { apiRoot: telegram.url, timeoutSeconds: 45 }),
      trusted: () => true,
      failed: (error) => failures.push(error),
      ...options,
    },
    stopping.signal,
  );
  const stop = () => {
    stopping.abort();
    return ended;
  };
  const handled = (count: number) => until(() => texts.length >= count);
  return { texts, failures, stop, handled, [Symbol.asyncDispose]: stop };
}

const polls = (telegram: Telegram) => telegram.calls.filter(({ method }) => method === "getUpdates").length;

async function until(isSo: () => boolean): Promise<void> {
  const late = performance.now() + 5_000;
  while (!isSo()) {
    if (performance.now() > late) throw new Error("that did not happen within 5 s");
    await sleep(5);
  }
}
