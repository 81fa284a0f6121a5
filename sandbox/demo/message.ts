import { styleText } from "node:util";
import type { Message } from "../telegram/telegram.ts";

type Entity = Message["entities"][number];

const styles: Partial<Record<Entity["type"], Parameters<typeof styleText>[0]>> = {
  bold: "bold",
  italic: "italic",
  code: "cyan",
  text_link: "underline",
};

/** A message of the bot as a terminal can show it. `where`: "" for the chat in view, or like "in Stream club". */
export function drawMessage(message: Message, where: string): string {
  const { editedAt, linkPreview, buttons } = message;
  const title = styleText(["bold", "cyan"], ["Wishbell", where].join(" ").trim());
  const picture = linkPreview?.url === undefined ? [] : [styleText("dim", "[the item's picture]")];
  let number = 0;
  const rows = buttons.map((row) => row.map(({ text }) => styleText("yellow", `[#${++number} ${text}]`)).join(" "));
  return [`${title}${editedAt === undefined ? "" : " (edited)"}:`, ...picture, drawText(message), ...rows].join("\n");
}

/** The text cut where an entity begins or ends, so that nested ones add up. Offsets are UTF-16 units, like a string's. */
function drawText({ text, entities }: Message): string {
  const edges = entities.flatMap(({ offset, length }) => [offset, offset + length]);
  const cuts = [...new Set([0, ...edges, text.length])].sort((a, b) => a - b);
  const pieces = cuts.slice(1).map((end, n) => {
    const start = cuts[n] ?? 0;
    const around = entities.filter(({ offset, length }) => offset <= start && offset + length >= end);
    const format = around.flatMap(({ type }) => styles[type] ?? []);
    const lines = text.slice(start, end).split("\n");
    const links = around.filter(({ offset, length }) => offset + length === end).map(addressOf);
    return lines.map((line) => (line === "" ? line : styleText(format, line))).join("\n") + links.join("");
  });
  return pieces.join("");
}

/** A shop's address is worth reading; a streamer's is what the person has typed, more or less. */
function addressOf(entity: Entity): string {
  if (entity.type !== "text_link" || entity.url.startsWith("https://fetta.app/")) return "";
  return styleText("dim", ` (${entity.url})`);
}
