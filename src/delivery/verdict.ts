import { GrammyError, HttpError } from "grammy";

/**
 * What an answer of Telegram means for the message that was sent:
 * - `wait`: not sent, come back after `ms` · `retry`: surely not sent · `gateway`: probably not sent
 * - `unknown`: it may have arrived · `closed`: the chat takes no messages any more · `suspect`: it refuses, perhaps not for good
 * - `migrated`: the chat has the new id `to` · `suspended`: the bot may not write there now
 * - `topic_closed`: nor in this topic · `refused`: the message itself is at fault · `gone`: there is no such message to edit
 * - `unchanged`: the message shows this already · `revoked`: the token is not valid any more
 */
export type Refusal =
  | { kind: "wait"; ms: number }
  | { kind: "migrated"; to: number }
  | {
      kind:
        | "retry"
        | "gateway"
        | "unknown"
        | "closed"
        | "suspect"
        | "suspended"
        | "topic_closed"
        | "refused"
        | "gone"
        | "unchanged"
        | "revoked";
    };

type Row = { code: number; text?: RegExp; kind: Exclude<Refusal["kind"], "wait" | "migrated"> };

/**
 * The first row that fits counts. The texts are those of the Bot API server (tdlib/telegram-bot-api, Client.cpp), which
 * turns most errors of Telegram's own servers into 400 and passes their names in capitals on.
 */
const ANSWERS: Row[] = [
  { code: 400, text: /message is not modified/i, kind: "unchanged" },
  {
    code: 400,
    text: /message to (edit|be edited) not found|message can't be edited|MESSAGE_ID_INVALID/i,
    kind: "gone",
  },
  { code: 400, text: /chat not found|PEER_ID_INVALID|user not found/i, kind: "closed" },
  { code: 400, text: /TOPIC_CLOSED/i, kind: "topic_closed" },
  {
    code: 400,
    text: /CHAT_\w*FORBIDDEN|CHAT_RESTRICTED|CHAT_ADMIN_REQUIRED|not enough rights|have no (rights|write access)|need administrator rights/i,
    kind: "suspended",
  },
  { code: 400, kind: "refused" },
  { code: 401, kind: "revoked" },
  {
    code: 403,
    text: /blocked by the user|user is deactivated|was kicked|is not a member|was deleted|can't initiate conversation/i,
    kind: "closed",
  },
  { code: 403, text: /CHAT_\w*FORBIDDEN|not enough rights|have no (rights|write access)/i, kind: "suspended" },
  { code: 403, kind: "suspect" },
  { code: 404, kind: "revoked" },
  { code: 413, kind: "refused" },
];

/** Failures before anything could be sent: no address, no connection, no TLS. */
const NEVER_SENT =
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|ERR_TLS_\w+|CERT_\w+|\w*SELF_SIGNED_CERT\w*|UNABLE_TO_\w+)$/;

/** Reads what a call of the Bot API threw. */
export function readRefusal(error: unknown): Refusal {
  if (error instanceof GrammyError) {
    const { error_code: code, description, parameters } = error;
    if (parameters.migrate_to_chat_id !== undefined) return { kind: "migrated", to: parameters.migrate_to_chat_id };
    if (code === 429) return { kind: "wait", ms: (parameters.retry_after ?? 1) * 1000 };
    if (code >= 500) return { kind: "gateway" };
    return {
      kind: ANSWERS.find((row) => row.code === code && (row.text?.test(description) ?? true))?.kind ?? "unknown",
    };
  }
  if (error instanceof HttpError) {
    const code = codeOf(error.error);
    const text = error.error instanceof Error ? error.error.message : "";
    if (NEVER_SENT.test(code)) return { kind: "retry" };
    // Connecting can time out, and so can waiting for an answer.
    if (code === "ETIMEDOUT" && !/read ETIMEDOUT/.test(text)) return { kind: "retry" };
    // A page where JSON was expected comes from a gateway in front of the Bot API; a cut body may come from behind it.
    if (/Unexpected token '?</.test(text)) return { kind: "gateway" };
  }
  return { kind: "unknown" };
}

/** What went wrong, for the log and the row: never the text of a message, never an address with the token. */
export function describe(error: unknown): string {
  if (error instanceof GrammyError) return `${error.error_code} ${error.description}`;
  if (error instanceof HttpError) {
    const code = codeOf(error.error);
    if (code !== "") return `network: ${code}`;
    const isLate = error.error instanceof Error && /^Request to '\w+' timed out/.test(error.error.message);
    return isLate ? "network: no answer in time" : "network: no usable answer";
  }
  return error instanceof Error ? error.name : "unknown error";
}

/** The code of a system error, which grammY hands on inside its own; "" when there is none. */
function codeOf(inner: unknown): string {
  return typeof inner === "object" && inner !== null && "code" in inner ? String(inner.code) : "";
}
