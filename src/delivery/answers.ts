import { GrammyError, HttpError } from "grammy";
import {
  askDaily,
  askOnce,
  type Change,
  closeTheChat,
  doubt,
  followTheChat,
  goPlain,
  leaveTheTopic,
  rest,
  tryAgain,
  tryForAWeek,
  tryThrice,
} from "./consequence.ts";
import { unquoted } from "./unquoted.ts";

/**
 * What an answer of Telegram means for the message that was sent:
 * - `wait`: not sent, come back later · `retry`: surely not sent · `gateway`: probably not sent
 * - `unknown`: it may have arrived · `closed`: the chat takes no messages any more · `suspect`: it refuses, perhaps not for good
 * - `migrated`: the chat has a new id · `suspended`: the bot may not write there now
 * - `topic_closed`: this topic is closed or gone · `refused`: the message itself is at fault, or the one to edit is gone
 * - `unchanged`: the message shows this already · `revoked`: the token is not valid any more
 */
export type Meaning =
  | "wait"
  | "retry"
  | "gateway"
  | "unknown"
  | "closed"
  | "suspect"
  | "migrated"
  | "suspended"
  | "topic_closed"
  | "refused"
  | "unchanged"
  | "revoked";

/** A call of the Bot API that did not succeed. */
export type Answer = {
  /** Fit for the log and the row: never the text of a message, never an address with the token. */
  text: string;
  meaning: Meaning;
  /** What it changes when the call was to send what is owed. */
  change: Change;
  /** How long Telegram asks to wait, in ms. */
  waitMs: number;
  /** The chat's new id, when it has moved. */
  movedTo: number | undefined;
};

type Row = [text: RegExp, meaning: Meaning, change: Change];

/** Whatever is not known otherwise: the message may have arrived. */
const UNKNOWN: Row = [/^/, "unknown", tryThrice];

/**
 * Every answer: its text as readAnswer() tells it, what it means, what it changes. The first row that fits counts. The
 * texts after a code are those of the Bot API server (tdlib/telegram-bot-api, Client.cpp), which turns most errors of
 * Telegram's own servers into 400 and passes their names in capitals on; those after "network:" are ours.
 */
const ANSWERS: Row[] = [
  [/^400 .*message is not modified/i, "unchanged", goPlain],
  [/^400 .*upgraded to a supergroup/i, "migrated", followTheChat],
  [/^400 .*(chat not found|PEER_ID_INVALID|user not found)/i, "closed", closeTheChat],
  [/^403 .*(blocked by the user|user is deactivated|was kicked|is not a member)/i, "closed", closeTheChat],
  [/^403 .*(was deleted|can't initiate conversation)/i, "closed", closeTheChat],
  [/^400 .*(TOPIC_CLOSED|message thread not found)/i, "topic_closed", leaveTheTopic],
  [/^40[03] .*(CHAT_\w*FORBIDDEN|not enough rights|have no (rights|write access))/i, "suspended", askDaily],
  [/^400 .*(CHAT_RESTRICTED|CHAT_ADMIN_REQUIRED|need administrator rights)/i, "suspended", askDaily],
  [/^403 /, "suspect", doubt],
  [/^4(00|13) /, "refused", goPlain],
  [/^40[14] /, "revoked", askOnce],
  [/^429 /, "wait", rest],
  [/^5\d\d /, "gateway", tryForAWeek],
  // A page comes from a gateway in front of the Bot API; a cut body may come from behind it.
  [/^network: a web page$/, "gateway", tryForAWeek],
  // Failures before anything could be sent: no address, no connection, no TLS.
  [/^network: (ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL)$/, "retry", tryAgain],
  [/^network: (connect ETIMEDOUT|ERR_TLS_\w+|CERT_\w+|\w*SELF_SIGNED_CERT\w*|UNABLE_TO_\w+)$/, "retry", tryAgain],
  UNKNOWN,
];

/** Reads what a call of the Bot API threw. */
export function readAnswer(error: unknown): Answer {
  const text = describe(error);
  const [, meaning, change] = ANSWERS.find(([pattern]) => pattern.test(text)) ?? UNKNOWN;
  const parameters = error instanceof GrammyError ? error.parameters : {};
  return {
    ...{ text, meaning, change },
    waitMs: (parameters.retry_after ?? 1) * 1000,
    movedTo: parameters.migrate_to_chat_id,
  };
}

/** What went wrong, in words that hold no secret. */
export function describe(error: unknown): string {
  if (error instanceof GrammyError) return `${error.error_code} ${unquoted(error.description)}`;
  if (error instanceof HttpError) return `network: ${describeFailure(error.error)}`;
  return error instanceof Error ? error.name : "unknown error";
}

/** grammY hands on what its HTTP client threw, whose message has the address in it. */
function describeFailure(inner: unknown): string {
  const message = inner instanceof Error ? inner.message : "";
  const code = typeof inner === "object" && inner !== null && "code" in inner ? String(inner.code) : "";
  // Connecting can time out, and so can waiting for an answer.
  if (code === "ETIMEDOUT") return message.includes("read ETIMEDOUT") ? "read ETIMEDOUT" : "connect ETIMEDOUT";
  if (code !== "") return code;
  if (/^Request to '\w+' timed out/.test(message)) return "no answer in time";
  return /Unexpected token '?</.test(message) ? "a web page" : "no usable answer";
}
