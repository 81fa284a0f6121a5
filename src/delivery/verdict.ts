import { GrammyError, HttpError } from "grammy";

/**
 * What an answer of Telegram means for the message that was sent:
 * - `wait`: not sent, come back after `ms` · `retry`: surely not sent · `gateway`: probably not sent
 * - `unknown`: it may have arrived · `closed`: the chat takes no messages any more · `suspect`: it refuses, perhaps not for good
 * - `migrated`: the chat has the new id `to` · `suspended`: the bot may not write there now · `refused`: the message itself is at fault
 * - `gone`: there is no such message to edit · `unchanged`: the message shows this already · `revoked`: the token is not valid any more
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
        | "refused"
        | "gone"
        | "unchanged"
        | "revoked";
    };

type Row = { code: number; text?: RegExp; kind: Exclude<Refusal["kind"], "wait" | "migrated"> };

/** The first row that fits counts. The texts are those of the Bot API server's source (Client.cpp). */
const ANSWERS: Row[] = [
  { code: 400, text: /message is not modified/i, kind: "unchanged" },
  {
    code: 400,
    text: /message to (edit|be edited) not found|message can't be edited|MESSAGE_ID_INVALID/i,
    kind: "gone",
  },
  { code: 400, text: /chat not found|PEER_ID_INVALID|user not found/i, kind: "closed" },
  {
    code: 400,
    text: /CHAT_WRITE_FORBIDDEN|CHAT_SEND_\w+_FORBIDDEN|not enough rights|have no rights|CHAT_RESTRICTED|need administrator rights/i,
    kind: "suspended",
  },
  { code: 400, kind: "refused" },
  { code: 401, kind: "revoked" },
  {
    code: 403,
    text: /blocked by the user|user is deactivated|was kicked|is not a member|was deleted|can't initiate conversation/i,
    kind: "closed",
  },
  { code: 403, text: /CHAT_WRITE_FORBIDDEN|not enough rights|have no rights/i, kind: "suspended" },
  { code: 403, kind: "suspect" },
  { code: 404, kind: "revoked" },
  { code: 413, kind: "refused" },
];

/** Failures before anything could be sent. */
const NEVER_SENT = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH", "EADDRNOTAVAIL"]);

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
    const inner: unknown = error.error;
    const code = typeof inner === "object" && inner !== null && "code" in inner ? String(inner.code) : "";
    if (NEVER_SENT.has(code)) return { kind: "retry" };
    // A page where JSON was expected comes from a gateway in front of the Bot API; a cut body may come from behind it.
    if (inner instanceof Error && /Unexpected token '?</.test(inner.message)) return { kind: "gateway" };
  }
  return { kind: "unknown" };
}

/** What went wrong, for the log and the row: never the text of a message, never an address with the token. */
export function describe(error: unknown): string {
  if (error instanceof GrammyError) return `${error.error_code} ${error.description}`;
  if (error instanceof HttpError) {
    const inner: unknown = error.error;
    return typeof inner === "object" && inner !== null && "code" in inner
      ? `network: ${String(inner.code)}`
      : "network: no usable answer";
  }
  return error instanceof Error ? error.name : "unknown error";
}
