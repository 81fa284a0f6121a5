import { HttpError } from "grammy";
import { expect, test } from "vitest";
import type { Chat, ErrorParameters, FaultKind } from "../../sandbox/telegram/telegram.ts";
import { readAnswer } from "../../src/delivery/answers.ts";
import { look, wishes } from "../db/story.ts";
import { type ChatState, chatState, fromBot, outboxOf, postOffice, type Row, sends } from "./post-office.ts";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

const between = (least: number, most: number) => ({
  asymmetricMatch: (value: unknown) => typeof value === "number" && value >= least && value <= most,
});
/** So much later than when it was written, a moment ago. */
const about = (ms: number) => between(ms - 5_000, ms);

type Expected<T> = { [K in keyof T]: T[K] | ReturnType<typeof between> };

/** What an answer is taken for, and what it leaves: the whole row, the whole chat. */
type Meaning = {
  outcome: string;
  row?: Partial<Expected<Row>>;
  chat?: Partial<Expected<ChatState>>;
};

/** As it was claimed, and given back. */
const untouched: Expected<Omit<Row, "chat" | "error">> = {
  ...{
    thread: 0,
    state: "pending",
    attempts: 1,
    uncertain: 0,
    plain: false,
    besideTopic: false,
    waitMs: 0,
    done: false,
  },
};
const content: Expected<ChatState> = { active: true, waitMs: 0, suspectMs: null, trackings: 1 };

const closed: Meaning = { outcome: "closed", row: { state: "skipped", done: true }, chat: { active: false } };
const suspended: Meaning = { outcome: "suspended", chat: { waitMs: about(DAY) } };
/** It goes again at once as plain text, which is no new attempt. */
const refused: Meaning = { outcome: "refused", row: { attempts: 0, plain: true } };
const unknown: Meaning = {
  ...{ outcome: "unknown", row: { uncertain: 1, waitMs: about(10_000) }, chat: { waitMs: between(0, 1_050) } },
};
const gateway: Meaning = { outcome: "gateway", row: { waitMs: between(0, 1_000) } };
const unsent: Meaning = { outcome: "retry", row: { waitMs: between(0, 1_000) } };
const wait = (ms: number): Meaning => ({ outcome: "wait", row: { attempts: 0 }, chat: { waitMs: about(ms + 250) } });
const topicClosed: Meaning = { outcome: "topic_closed", row: { attempts: 0, besideTopic: true } };
const suspect: Meaning = { outcome: "suspect", chat: { waitMs: about(5 * MINUTE), suspectMs: between(0, 5_000) } };
const revoked: Meaning = { outcome: "revoked", row: { attempts: 0 } };

/** What Telegram says, or does instead; whether the message has arrived all the same; and what is kept as the reason. */
type Case = { answer: FaultKind; arrived?: boolean; error?: string; title: string; meaning: Meaning };

function says(meaning: Meaning, code: number, description: string, parameters?: ErrorParameters): Case {
  const text = `${code} ${description}`;
  return { answer: { kind: "error", code, description, parameters }, error: text, title: text, meaning };
}
function does(meaning: Meaning, title: string, answer: FaultKind, error: string, arrived = false): Case {
  return { answer, arrived, error: `network: ${error}`, title, meaning };
}

const cases: Case[] = [
  says(wait(7_000), 429, "Too Many Requests: retry after 7", { retry_after: 7 }),
  says(wait(10_072_000), 429, "Too Many Requests: retry after 10072", { retry_after: 10_072 }),
  says(wait(1_000), 429, "Too Many Requests"),
  says(gateway, 500, "Internal Server Error: restart"),
  says(gateway, 500, "Internal Server Error: Request aborted"),
  says(gateway, 502, "Bad Gateway"),
  does(gateway, "a page with 502", { kind: "html", status: 502 }, "a web page"),
  does(gateway, "a page with 504", { kind: "html", status: 504 }, "a web page"),
  does(unknown, "a body cut in half", { kind: "cut" }, "no usable answer", true),
  does(unknown, "an empty body", { kind: "body", body: "" }, "no usable answer", true),
  { ...does(unknown, "the body null", { kind: "body", body: "null" }, "", true), error: "TypeError" },
  does(unknown, "a connection reset after the message was taken", { kind: "accept-then-reset" }, "ECONNRESET", true),
  does(unknown, "a connection reset before", { kind: "reset" }, "ECONNRESET"),
  does(unknown, "no answer in time after the message was taken", { kind: "delay", ms: 300 }, "no answer in time", true),
  does(unknown, "no answer in time", { kind: "hang" }, "no answer in time"),
  says(unknown, 420, "ENHANCE_YOUR_CALM"),
  says(closed, 403, "Forbidden: bot was blocked by the user"),
  says(closed, 403, "Forbidden: user is deactivated"),
  says(closed, 403, "Forbidden: bot was kicked from the group chat"),
  says(closed, 403, "Forbidden: bot was kicked from the supergroup chat"),
  says(closed, 403, "Forbidden: bot was kicked from the channel chat"),
  says(closed, 403, "Forbidden: bot is not a member of the supergroup chat"),
  says(closed, 403, "Forbidden: bot is not a member of the channel chat"),
  says(closed, 403, "Forbidden: the group chat was deleted"),
  says(closed, 403, "Forbidden: bot can't initiate conversation with a user"),
  says(closed, 400, "Bad Request: chat not found"),
  says(closed, 400, "Bad Request: private chat not found"),
  says(closed, 400, "Bad Request: PEER_ID_INVALID"),
  says(suspect, 403, "Forbidden: bot can't send messages to the user"),
  says(suspect, 403, "Forbidden: bot can't send messages to bots"),
  says(suspended, 400, "Bad Request: CHAT_WRITE_FORBIDDEN"),
  says(suspended, 400, "Bad Request: CHAT_SEND_PLAIN_FORBIDDEN"),
  says(suspended, 400, "Bad Request: CHAT_RESTRICTED"),
  says(suspended, 400, "Bad Request: CHAT_ADMIN_REQUIRED"),
  says(suspended, 400, "Bad Request: not enough rights to send text messages to the chat"),
  says(suspended, 400, "Bad Request: have no rights to send a message"),
  says(suspended, 400, "Bad Request: need administrator rights in the channel chat"),
  says(suspended, 403, "Forbidden: not enough rights to send text messages to the chat"),
  says(suspended, 403, "Forbidden: CHAT_WRITE_FORBIDDEN"),
  says(topicClosed, 400, "Bad Request: TOPIC_CLOSED"),
  says(topicClosed, 400, "Bad Request: message thread not found"),
  says(refused, 400, "Bad Request: message is too long"),
  says(refused, 400, "Bad Request: text must be non-empty"),
  says(refused, 400, "Bad Request: can't parse entities: Unsupported start tag"),
  says(refused, 400, "Bad Request: BUTTON_DATA_INVALID"),
  says(refused, 400, "Bad Request: WEBPAGE_URL_INVALID"),
  says(refused, 400, "Bad Request: something nobody has ever seen"),
  says(refused, 413, "Request Entity Too Large"),
  says(revoked, 401, "Unauthorized"),
  says(revoked, 404, "Not Found"),
].map((one) => ({ ...one, outcome: one.meaning.outcome }));

test.each(cases)("$title means $outcome", async ({ answer, arrived = false, error, meaning }) => {
  await using post = await postOffice();
  const { db, telegram } = post;
  const fan = await post.fan("mila");
  await look(db, 1, wishes("ab"));
  telegram.fault({ when: ({ method }) => method === "sendMessage", do: answer });
  // What goes again at once has its turn a second later.
  const sender = post.start({ messagesPerSecond: 1, timeoutSeconds: 0.1 });
  await sender.until((reports) => reports.length > 0);
  await sender.stop();
  expect(sender.reports).toMatchObject([{ outcome: meaning.outcome, chatId: fan.id, rows: 1, error }]);
  expect(await outboxOf(db)).toEqual([{ ...untouched, chat: fan.id, error, ...meaning.row }]);
  expect(await chatState(db, fan.id)).toEqual({ ...content, ...meaning.chat });
  expect(sends(telegram)).toHaveLength(1);
  if (arrived) await telegram.until(fan, /mila/);
  else expect(fromBot(telegram, fan)).toEqual([]);
  expect(sender.failures).toEqual([]);
});

test("a chat that has a new id means migrated: everything moves there", async () => {
  await using post = await postOffice();
  const { db, telegram } = post;
  const group = telegram.group();
  await post.follow(group, "mila");
  await look(db, 1, wishes("ab"));
  const supergroup: Chat = telegram.migrate(group);
  const sender = post.start({ messagesPerSecond: 1 });
  await sender.until((reports) => reports.length > 0);
  await sender.stop();
  const error = "400 Bad Request: group chat was upgraded to a supergroup chat";
  expect(sender.reports).toMatchObject([{ outcome: "migrated", chatId: group.id, error }]);
  expect(await outboxOf(db)).toEqual([{ ...untouched, chat: supergroup.id, attempts: 0, error }]);
  expect(await chatState(db, supergroup.id)).toEqual(content);
  expect(await chatState(db, group.id)).toBeUndefined();
});

test.each([
  ["a refused connection", "http://127.0.0.1:1", /^network: ECONNREFUSED$/],
  ["a name that nobody knows", "http://nobody.invalid", /^network: (ENOTFOUND|EAI_AGAIN)$/],
])("%s means retry: nothing was sent", async (_, apiRoot, error) => {
  await using post = await postOffice();
  const { db } = post;
  const fan = await post.fan("mila");
  await look(db, 1, wishes("ab"));
  const sender = post.start({ apiRoot, messagesPerSecond: 1 });
  await sender.until((reports) => reports.length > 0);
  await sender.stop();
  expect(sender.reports).toMatchObject([{ outcome: unsent.outcome, error: expect.stringMatching(error) }]);
  const reason = expect.stringMatching(error);
  expect(await outboxOf(db)).toEqual([{ ...untouched, chat: fan.id, error: reason, ...unsent.row }]);
  expect(await chatState(db, fan.id)).toEqual(content);
});

/** As grammY hands on what its HTTP client threw. */
const failure = (code: string, reason: string) =>
  new HttpError("Network request for 'sendMessage' failed!", Object.assign(new Error(reason), { code }));

test.each([
  ["EHOSTUNREACH", "connect EHOSTUNREACH 192.0.2.1:443", "retry"],
  ["ENETUNREACH", "connect ENETUNREACH 192.0.2.1:443", "retry"],
  ["ETIMEDOUT", "connect ETIMEDOUT 192.0.2.1:443", "retry"],
  ["ETIMEDOUT", "read ETIMEDOUT", "unknown"],
  ["CERT_HAS_EXPIRED", "certificate has expired", "retry"],
  ["DEPTH_ZERO_SELF_SIGNED_CERT", "self-signed certificate", "retry"],
  ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "unable to verify the first certificate", "retry"],
  ["ERR_TLS_CERT_ALTNAME_INVALID", "Hostname/IP does not match certificate's altnames", "retry"],
  ["EPIPE", "write EPIPE", "unknown"],
])('the failure %s, "%s", means %s', (code, reason, meaning) => {
  expect(readAnswer(failure(code, reason)).meaning).toBe(meaning);
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
  const kept = JSON.stringify([await outboxOf(db), sender.reports, sender.reached, sender.failures]);
  expect(kept).toContain("network: no answer in time");
  expect(kept).not.toContain(telegram.token.slice(3));
  expect(kept).not.toContain("Item b");
});
