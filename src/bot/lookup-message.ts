import type { LookupMessage, LookupOutcome } from "../db/lookups.ts";
import type { TrackedStreamer } from "../db/trackings.ts";
import { escapeHtml, money, shorten, type Texts } from "./texts.ts";

const KEYS: Record<Exclude<LookupOutcome, "tracking" | "full">, string> = {
  not_found: "track-not-found",
  private: "track-private",
  too_long: "track-too-long",
  page_changed: "track-page-changed",
  partial: "track-partial",
  blocked: "track-blocked",
  unreachable: "track-unreachable",
  gave_up: "track-gave-up",
};

/** How the answer to a /track of unknown streamers reads, one paragraph for each. */
export function renderLookups(texts: Texts, { language, lines }: LookupMessage, maxTrackings: number): string {
  return lines
    .map(({ nickname, outcome, streamer }) => {
      if (outcome === undefined) return texts(language, "track-looking", { nickname });
      if (outcome === "full") return texts(language, "track-full", { max: maxTrackings });
      if (outcome !== "tracking") return texts(language, KEYS[outcome], { nickname });
      return streamer === undefined ? "" : renderTracking(texts, language, "track-done", streamer);
    })
    .join("\n\n");
}

/** "Tracking Name: 37 items, on top: …" */
export function renderTracking(
  texts: Texts,
  language: string,
  key: "track-done" | "track-already",
  streamer: TrackedStreamer,
) {
  const { name, url, items, top } = streamer;
  const named = top.map(({ name, price, currency }) => {
    const shown = escapeHtml(shorten(name, 60));
    return price === undefined || currency === undefined ? shown : `${shown} (${money(language, price, currency)})`;
  });
  return texts(language, key, { name, url, items, top: { html: named.join(", ") } });
}
