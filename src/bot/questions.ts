import { prompt } from "./prompt.ts";
import type { Lead, ScreenName } from "./screens.ts";
import { headed, type Turn } from "./turn.ts";

/** What is asked for in words, since no button could hold the answer. */
type Question = { ask: string; example: string };

const QUESTIONS = {
  askDrop: { ask: "ask-drop", example: "15" },
  askBelow: { ask: "ask-below", example: "1500" },
  askQuiet: { ask: "ask-quiet", example: "23:30-8:15" },
  askDigest: { ask: "ask-digest", example: "19:30" },
  askInclude: { ask: "ask-include", example: "…, …" },
  askExclude: { ask: "ask-exclude", example: "…, …" },
  askMin: { ask: "ask-min", example: "500" },
  askMax: { ask: "ask-max", example: "5000" },
} satisfies Partial<Record<ScreenName, Question>>;

export type QuestionName = keyof typeof QUESTIONS;

export function isQuestion(name: ScreenName): name is QuestionName {
  return Object.hasOwn(QUESTIONS, name);
}

/** Questions are answered by a message, which channels do not have. */
export function mayAsk({ ctx }: Turn): boolean {
  return ctx.chat?.type !== "channel";
}

/**
 * Asks. `current`: what holds now, if anything; `complaint`: what was wrong with the last answer. The question can be
 * answered more than once.
 */
export async function ask(
  turn: Turn,
  name: QuestionName,
  lead: Lead,
  { current, complaint }: { current?: string | undefined; complaint?: string | undefined },
): Promise<void> {
  const { ctx, text } = turn;
  const question: Question = QUESTIONS[name];
  const lines = [
    ...(complaint === undefined ? [] : [complaint]),
    text(question.ask),
    ...(current === undefined ? [] : [text("ask-current", { current })]),
  ];
  await prompt(ctx, headed(turn, lines.join("\n")), lead(name), question.example);
}
