import { InlineKeyboard } from "grammy";
import { knownSites } from "../checker/sources/known-sites.ts";
import type { Database } from "../db/client.ts";
import { type Halt, readHalts } from "../db/halts.ts";
import { lastHour } from "../db/incidents.ts";
import { outboxState } from "../db/outbox.ts";
import { readBudget, readDistrust } from "../db/source-states.ts";
import { readSize, readTenure, readTotals } from "../db/status.ts";
import { countActiveUsers } from "../db/users.ts";
import { checkLagMs, countBlockedChats, oldestOwedMs } from "../db/vitals.ts";
import { callbackData } from "./buttons.ts";
import { moment, zoneOf } from "./clock.ts";
import { partLine } from "./halt.ts";
import { countOf, incidentLines } from "./incident-lines.ts";
import { bytes, duration, grouped } from "./measures.ts";
import { show } from "./screen.ts";
import { begin, type Request, type Turn } from "./turn.ts";

const MINUTE_MS = 60_000;
const INCIDENTS_SHOWN = 5;
/** Of an instance's name: enough to tell them apart, and to find it in the log. */
const NAME_LENGTH = 8;

/** /status, and its button that shows it anew: how the bot is, whichever instance is asked. */
export async function statusCommand(request: Request): Promise<void> {
  const turn = await begin(request);
  const { talk, text } = turn;
  const status = await readStatus(talk.db);
  const { version } = talk.deployment;
  const lines = [
    text("status-title", { version }),
    ...leaderLines(turn, status),
    ...checkLines(turn, status),
    ...deliveryLines(turn, status),
    ...troubleLines(turn, status),
    ...totalLines(turn, status),
  ];
  const keyboard = new InlineKeyboard()
    .text(text("status-refresh"), callbackData(turn, "os"))
    .text(text(status.halts.length > 0 ? "status-resume" : "status-halt"), callbackData(turn, "oh"));
  await show(turn, { html: lines.join("\n"), keyboard });
}

type Status = Awaited<ReturnType<typeof readStatus>>;

async function readStatus(database: Database) {
  const db = database.for("status");
  const sites = [];
  for (const source of Object.keys(knownSites)) {
    const [lagMs, budget] = [await checkLagMs(db, source), await readBudget(db, source)];
    sites.push({ source, lagMs, budget, distrust: await readDistrust(db, source) });
  }
  const halts: Halt[] = await readHalts(db);
  return {
    ...{ sites, halts, tenure: await readTenure(db), totals: await readTotals(db) },
    ...{ owed: (await outboxState(db)).open, oldestMs: await oldestOwedMs(db), incidents: await lastHour(db) },
    ...{ users: await countActiveUsers(db), blocked: await countBlockedChats(db), size: await readSize(db) },
  };
}

function leaderLines({ text, talk, language, settings }: Turn, { tenure }: Status): string[] {
  if (tenure === undefined || tenure.instanceId === "") return [text("status-nobody")];
  const { instanceId, epoch, since, heartbeatAgeMs, now } = tenure;
  const { instance } = talk.deployment;
  return [
    text("status-leader", {
      instance: instanceId.slice(0, NAME_LENGTH),
      since: moment(language, since, now, zoneOf(settings)),
      term: String(epoch),
      age: duration(language, Math.max(heartbeatAgeMs, 0)),
    }),
    instance === instanceId ? text("status-same") : text("status-here", { instance: instance.slice(0, NAME_LENGTH) }),
  ];
}

function checkLines(turn: Turn, { halts, sites }: Status): string[] {
  const { text, talk, language } = turn;
  const siteLines = sites.flatMap(({ source, lagMs, budget, distrust }) => {
    const spent = budget.requests.filter(({ ageMs }) => ageMs < MINUTE_MS);
    const used = spent.reduce((sum, { count }) => sum + count, 0);
    const limit = Math.max(Math.floor(talk.deployment.requestsPerMinute / budget.slowness), 1);
    return [
      text("status-site", { source, lag: duration(language, lagMs), used: `${used}/${limit}` }),
      ...(budget.pausedMs > 0 ? [text("status-site-paused", { time: duration(language, budget.pausedMs) })] : []),
      ...(distrust === undefined
        ? []
        : [text("status-site-distrusted", { time: duration(language, distrust.sinceMs) })]),
    ];
  });
  return ["", partLine(turn, halts, "checks"), ...siteLines];
}

function deliveryLines(turn: Turn, { halts, owed, oldestMs, totals }: Status): string[] {
  const { text, language } = turn;
  const shown = {
    owed: grouped(language, owed),
    oldest: duration(language, oldestMs),
    parked: grouped(language, totals.parked),
  };
  return [partLine(turn, halts, "delivery"), text("status-outbox", shown)];
}

function troubleLines({ text, language }: Turn, { incidents }: Status): string[] {
  const shown = (level: "warn" | "error") => grouped(language, countOf(incidents, level));
  if (incidents.length === 0) return ["", text("status-no-incidents")];
  return [
    "",
    text("status-incidents", { errors: shown("error"), warnings: shown("warn") }),
    ...incidentLines(incidents, INCIDENTS_SHOWN),
  ];
}

function totalLines({ text, language }: Turn, { totals, users, blocked, size }: Status): string[] {
  const { streamers, watched, trackings } = totals;
  const shown = (count: number) => grouped(language, count);
  return [
    "",
    text("status-streamers", { streamers: shown(streamers), asleep: shown(streamers - watched) }),
    text("status-chats", { trackings: shown(trackings), chats: shown(users), blocked: shown(blocked) }),
    ...(size === undefined ? [] : [text("status-size", { size: bytes(language, size.bytes) })]),
  ];
}
