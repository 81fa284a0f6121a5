import type { LookupMessage, LookupOutcome } from "../db/lookups.ts";
import type { TrackedStreamer } from "../db/trackings.ts";
import { escapeHtml, money, shorten, type Texts } from "./texts.ts";

/** Ten paragraphs with the longest names fit into one message. */
const NAME_LENGTH = 64;
const ITEM_LENGTH = 40;

const KEYS: Record<Exclude<LookupOutcome, "tracking" | "full">, string> = {
  not_found: "track-not-found",
  private: "track-private",
  too_long: "track-too-long",
  page_changed: "track-page-changed",
  partial: "track-partial",
  blocked: "track-blocked",
  unreachable: "track-unreachable",
  gave_up: "track-gave-up",
  cancelled: "track-cancelled",
};

/** How the answer to a /track of unknown streamers reads, one paragraph for each. */
export function renderLookups(texts: Texts, { language, lines }: LookupMessage, maxTrackings: number): string {
  const paragraphs = lines.map(({ nickname, outcome, streamer }) => {
    if (streamer !== undefined && outcome === "tracking")
      return renderTracking(texts, language, "track-done", streamer);
    if (outcome === undefined || outcome === "tracking") return texts(language, "track-looking", { nickname });
    if (outcome === "full") return texts(language, "track-full", { max: maxTrackings });
    return texts(language, KEYS[outcome], { nickname });
  });
  return [...new Set(paragraphs)].join("\n\n");
}

/** "Tracking Name: 37 items, on top: …" */
export function renderTracking(
  texts: Texts,
  language: string,
  key: "track-done" | "track-already",
  { name, url, items, top }: TrackedStreamer,
): string {
  const named = top.map(({ name, price, currency }) => {
    const shown = escapeHtml(shorten(name, ITEM_LENGTH));
    return price === undefined || currency === undefined ? shown : `${shown} (${money(language, price, currency)})`;
  });
  const streamer = { name: shorten(name, NAME_LENGTH), url, items };
  return key === "track-done"
    ? texts(language, key, { ...streamer, top: { html: named.join(", ") } })
    : texts(language, key, streamer);
}
