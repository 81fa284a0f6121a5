import { InlineKeyboard } from "grammy";
import type { Audience, Broadcast } from "../db/broadcasts.ts";
import { callbackData } from "./buttons.ts";
import { duration, grouped } from "./measures.ts";
import type { Screen } from "./screen.ts";
import type { Texts } from "./texts.ts";

/** What the buttons below a broadcast do; a button carries an action's position, so that new ones come at the end. */
export const ACTIONS = ["show", "rehearse", "ask", "send", "stop", "continue", "drop"] as const;
export type Action = (typeof ACTIONS)[number];

export type BroadcastView = {
  broadcast: Broadcast;
  audience: Audience;
  messagesPerSecond: number;
  /** It is asked whether to send it really. */
  isAsking?: boolean;
};

/** A broadcast, how far it is, and what can be done with it: shown to its operator, and kept true by the leader. */
export function broadcastScreen(texts: Texts, language: string, view: BroadcastView): Screen {
  const { broadcast, audience, isAsking = false } = view;
  const { id, state, chats, sent, tookMs } = broadcast;
  const text = (key: string, variables?: Parameters<Texts>[2]) => texts(language, key, variables);
  const keyboard = new InlineKeyboard();
  const add = (label: string, action: Action) => keyboard.text(text(label), broadcastData(id, action)).row();
  const progress = { sent: grouped(language, sent), all: grouped(language, chats) };
  const lines: string[] = [];
  switch (state) {
    case "draft":
    case "rehearsed":
      if (state === "rehearsed") {
        lines.push(text("broadcast-rehearsed", { ...progress, time: duration(language, tookMs) }));
        lines.push(...remarks(text, language, broadcast), "");
      }
      lines.push(...audienceLines(text, language, view));
      if (isAsking) {
        lines.push("", text("broadcast-sure"));
        if (audience.chats > 0) add("broadcast-yes", "send");
        add("back", "show");
        break;
      }
      if (audience.chats > 0) {
        add("broadcast-rehearse", "rehearse");
        add("broadcast-send", "ask");
      }
      add("broadcast-drop", "drop");
      break;
    case "rehearsing":
    case "sending":
      lines.push(text(state === "sending" ? "broadcast-sending" : "broadcast-rehearsing", progress));
      lines.push(...remarks(text, language, broadcast));
      add("broadcast-stop", "stop");
      break;
    case "stopped":
      lines.push(text("broadcast-stopped", progress), ...remarks(text, language, broadcast));
      add("broadcast-continue", "continue");
      break;
    case "done":
      lines.push(text("broadcast-done", progress), ...remarks(text, language, broadcast));
      break;
  }
  return { html: lines.join("\n"), keyboard };
}

type Text = (key: string, variables?: Parameters<Texts>[2]) => string;

function audienceLines(text: Text, language: string, { audience, messagesPerSecond }: BroadcastView): string[] {
  const { chats, people, groups, channels, russian } = audience;
  const shown = (count: number) => grouped(language, count);
  return [
    text("broadcast-audience", { count: chats }),
    text("broadcast-kinds", { people: shown(people), groups: shown(groups), channels: shown(channels) }),
    text("broadcast-languages", { russian: shown(russian), english: shown(chats - russian) }),
    text("broadcast-rate", {
      rate: grouped(language, messagesPerSecond),
      time: duration(language, (chats / messagesPerSecond) * 1_000),
    }),
  ];
}

/** What did not go as the others. */
function remarks(text: Text, language: string, { failed, skipped, quiet }: Broadcast): string[] {
  const line = (key: string, count: number) => (count > 0 ? [text(key, { number: grouped(language, count) })] : []);
  return [
    ...line("broadcast-quiet", quiet),
    ...line("broadcast-failed", failed),
    ...line("broadcast-skipped", skipped),
  ];
}

function broadcastData(id: number, action: Action): string {
  return callbackData({ isAway: false, chatId: 0 }, "ob", id, ACTIONS.indexOf(action));
}
