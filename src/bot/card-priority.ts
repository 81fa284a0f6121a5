import { InlineKeyboard } from "grammy";
import { setPriorityOf } from "../db/streamers.ts";
import { callbackData } from "./buttons.ts";
import { cardTitle, findCard, showCard } from "./card.ts";
import { LEVELS } from "./levels.ts";
import { listInstead } from "./list.ts";
import { isOperator } from "./operators.ts";
import { show } from "./screen.ts";
import { acknowledge } from "./talk.ts";
import type { Request } from "./turn.ts";

/** A streamer's priority, for operators: the choice, or with a level what was chosen. */
export async function priorityPressed(request: Request, [streamerId = 0, place = 0, chosen]: number[]): Promise<void> {
  const { turn, card } = await findCard(request, streamerId);
  if (!isOperator(turn)) return await acknowledge(turn.ctx, turn.text("button-outdated"));
  if (card === undefined) return await listInstead(request, place, "untrack-gone");
  const level = chosen === undefined ? undefined : LEVELS[chosen];
  if (level !== undefined) {
    await setPriorityOf(request.talk.db.for("set_priority"), streamerId, level.weight);
    return await showCard(request, streamerId, place);
  }
  const { text } = turn;
  const keyboard = new InlineKeyboard();
  LEVELS.forEach(({ label, weight }, n) => {
    const shown = weight === card.priority ? `✅ ${text(label)}` : text(label);
    keyboard.text(shown, callbackData(turn, "p", streamerId, place, n));
  });
  keyboard.row().text(text("back"), callbackData(turn, "c", streamerId, place));
  await show(turn, { html: `${cardTitle(card)}\n${text("card-priority-question")}`, keyboard });
}
