import { expect, test } from "vitest";
import type { FaultKind } from "../../sandbox/telegram/telegram.ts";
import type { SenderReport } from "../../src/delivery/sender.ts";
import { look, wishes } from "../db/story.ts";
import { type ChatState, chatState, outboxOf, postOffice, type Row } from "./post-office.ts";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

const between = (least: number, most: number) => ({
  asymmetricMatch: (value: unknown) => typeof value === "number" && value >= least && value <= most,
});
/** So much later than when it was written, a moment ago. */
const about = (ms: number) => between(ms - 5_000, ms);

/** What the answer is taken for, and what it leaves of the row and the chat. */
type Meaning = {
  outcome: SenderReport["outcome"];
  row: Partial<Record<keyof Row, unknown>>;
  chat: Partial<Record<keyof ChatState, unknown>>;
};

const closed: Meaning = {
  outcome: "closed",
  row: { state: "skipped" },
  chat: { active: false, trackings: 1 },
};
const suspended: Meaning = {
  outcome: "suspended",
  row: { state: "pending", attempts: 1, plain: false },
  chat: { active: true, waitMs: about(DAY), suspectMs: null, trackings: 1 },
};
/** It goes again at once as plain text, which is no new attempt. */
const refused: Meaning = {
  outcome: "refused",
  row: { state: "pending", attempts: 0, plain: true, waitMs: 0 },
  chat: { active: true, waitMs: 0 },
};
const unknown: Meaning = {
  outcome: "unknown",
  row: { state: "pending", attempts: 1, uncertain: 1, waitMs: about(10_000) },
  chat: { active: true },
};
const gateway: Meaning = {
  outcome: "gateway",
  row: { state: "pending", attempts: 1, uncertain: 0, waitMs: between(0, 1_000) },
  chat: { active: true, waitMs: 0 },
};
const wait = (ms: number): Meaning => ({
  outcome: "wait",
  row: { state: "pending", attempts: 0, uncertain: 0, waitMs: 0 },
  chat: { active: true, waitMs: about(ms + 250) },
});
const topicClosed: Meaning = {
  outcome: "topic_closed",
  row: { state: "pending", attempts: 1, plain: false, waitMs: about(DAY) },
  chat: { active: true, waitMs: 0 },
};
const suspect: Meaning = {
  outcome: "suspect",
  row: { state: "pending", attempts: 1 },
  chat: { active: true, waitMs: about(5 * MINUTE), suspectMs: between(0, 5_000), trackings: 1 },
};
const revoked: Meaning = {
  outcome: "revoked",
  row: { state: "pending", attempts: 0, uncertain: 0, plain: false, waitMs: 0 },
  chat: { active: true, waitMs: 0, trackings: 1 },
};

const answers: [Meaning, FaultKind | [code: number, text: string, retryAfter?: number]][] = [
  [wait(7_000), [429, "Too Many Requests: retry after 7", 7]],
  [wait(10_072_000), [429, "Too Many Requests: retry after 10072", 10_072]],
  [gateway, [500, "Internal Server Error: restart"]],
  [gateway, [500, "Internal Server Error: Request aborted"]],
  [gateway, [502, "Bad Gateway"]],
  [gateway, { kind: "html", status: 502 }],
  [gateway, { kind: "html", status: 504 }],
  [unknown, { kind: "cut" }],
  [unknown, { kind: "accept-then-reset" }],
  [unknown, { kind: "reset" }],
  [unknown, { kind: "hang" }],
  [unknown, [420, "ENHANCE_YOUR_CALM"]],
  [closed, [403, "Forbidden: bot was blocked by the user"]],
  [closed, [403, "Forbidden: user is deactivated"]],
  [closed, [403, "Forbidden: bot was kicked from the group chat"]],
  [closed, [403, "Forbidden: bot was kicked from the supergroup chat"]],
  [closed, [403, "Forbidden: bot was kicked from the channel chat"]],
  [closed, [403, "Forbidden: bot is not a member of the supergroup chat"]],
  [closed, [403, "Forbidden: the group chat was deleted"]],
  [closed, [403, "Forbidden: bot can't initiate conversation with a user"]],
  [closed, [400, "Bad Request: chat not found"]],
  [closed, [400, "Bad Request: private chat not found"]],
  [closed, [400, "Bad Request: PEER_ID_INVALID"]],
  [suspect, [403, "Forbidden: bot can't send messages to the user"]],
  [suspended, [400, "Bad Request: CHAT_WRITE_FORBIDDEN"]],
  [suspended, [400, "Bad Request: CHAT_SEND_PLAIN_FORBIDDEN"]],
  [suspended, [400, "Bad Request: CHAT_RESTRICTED"]],
  [suspended, [400, "Bad Request: CHAT_ADMIN_REQUIRED"]],
  [suspended, [400, "Bad Request: not enough rights to send text messages to the chat"]],
  [suspended, [400, "Bad Request: have no rights to send a message"]],
  [suspended, [400, "Bad Request: need administrator rights in the channel chat"]],
  [suspended, [403, "Forbidden: not enough rights to send text messages to the chat"]],
  [suspended, [403, "Forbidden: CHAT_WRITE_FORBIDDEN"]],
  [topicClosed, [400, "Bad Request: TOPIC_CLOSED"]],
  [refused, [400, "Bad Request: message is too long"]],
  [refused, [400, "Bad Request: text must be non-empty"]],
  [refused, [400, "Bad Request: can't parse entities: Unsupported start tag"]],
  [refused, [400, "Bad Request: BUTTON_DATA_INVALID"]],
  [refused, [400, "Bad Request: message thread not found"]],
  [refused, [400, "Bad Request: WEBPAGE_URL_INVALID"]],
  [refused, [413, "Request Entity Too Large"]],
  [revoked, [401, "Unauthorized"]],
  [revoked, [404, "Not Found"]],
];

const titled = answers.map(([meaning, answer]) => {
  const [code, description, retryAfter] = Array.isArray(answer) ? answer : [];
  const parameters = retryAfter === undefined ? undefined : { retry_after: retryAfter };
  const fault: FaultKind = Array.isArray(answer)
    ? { kind: "error", code: code ?? 0, description: description ?? "", parameters }
    : answer;
  const title = Array.isArray(answer) ? `${code} ${description}` : Object.values(answer).join(" ");
  return { title, outcome: meaning.outcome, fault, meaning };
});

test.each(titled)("$title means $outcome", async ({ fault, meaning }) => {
  await using post = await postOffice();
  const { db, telegram } = post;
  const fan = await post.fan("mila");
  await look(db, 1, wishes("ab"));
  telegram.fault({ when: ({ method }) => method === "sendMessage", do: fault });
  // What goes again at once has its turn a second later.
  const sender = post.start({ messagesPerSecond: 1, timeoutSeconds: 0.1 });
  await sender.until((reports) => reports.length > 0);
  await sender.stop();
  expect(sender.reports).toMatchObject([{ outcome: meaning.outcome, chatId: fan.id, rows: 1 }]);
  expect(await outboxOf(db)).toMatchObject([meaning.row]);
  expect(await chatState(db, fan.id)).toMatchObject(meaning.chat);
  expect(telegram.calls.filter(({ method }) => method === "sendMessage")).toHaveLength(1);
  expect(sender.failures).toEqual([]);
});

test("a refused connection means that nothing was sent", async () => {
  await using post = await postOffice();
  const { db, telegram } = post;
  await post.fan("mila");
  await look(db, 1, wishes("ab"));
  await telegram.close();
  const sender = post.start();
  await sender.until((reports) => reports.length > 0);
  await sender.stop();
  expect(sender.reports).toMatchObject([{ outcome: "retry", error: "network: ECONNREFUSED" }]);
  expect(await outboxOf(db)).toMatchObject([
    { state: "pending", attempts: 1, uncertain: 0, waitMs: between(0, 1_000) },
  ]);
});

test("what is kept of an answer never shows the token or the message", async () => {
  await using post = await postOffice();
  const { db, telegram } = post;
  const kinds: FaultKind[] = [
    { kind: "html", status: 502 },
    { kind: "cut" },
    { kind: "reset" },
    { kind: "hang" },
    { kind: "error", code: 400, description: "Bad Request: chat not found" },
  ];
  for (const [n, fault] of kinds.entries()) {
    const fan = await post.fan(`mila${n}`);
    telegram.fault({ when: ({ chatId }) => chatId === fan.id, do: fault });
    await look(db, n + 1, wishes("ab"));
  }
  const sender = post.start({ timeoutSeconds: 0.1 });
  await sender.until((reports) => new Set(reports.map(({ chatId }) => chatId)).size === kinds.length);
  await sender.stop();
  const errors = (await outboxOf(db)).map(({ error }) => error);
  expect(new Set(errors)).toEqual(
    new Set([
      "network: no usable answer",
      "network: ECONNRESET",
      "network: no answer in time",
      "400 Bad Request: chat not found",
    ]),
  );
  const kept = JSON.stringify([errors, sender.reports, sender.reached, sender.failures]);
  expect(kept).not.toContain(telegram.token.slice(3));
  expect(kept).not.toContain("Item b");
});
