import { InlineKeyboard } from "grammy";
import { type Halt, halt, PARTS, type Part, readHalts, resume } from "../db/halts.ts";
import { callbackData } from "./buttons.ts";
import { duration } from "./measures.ts";
import { type Screen, show } from "./screen.ts";
import { begin, type Request, type Turn } from "./turn.ts";

/** What stands behind /halt and /resume; what a button carries is its place. */
const CHOICES: { words: string[]; parts: readonly Part[] }[] = [
  { words: ["checks", "проверки"], parts: ["checks"] },
  { words: ["delivery", "доставка", "доставку"], parts: ["delivery"] },
  { words: ["all", "всё", "все"], parts: PARTS },
];

/** /halt checks, delivery or all; alone it shows what is halted. */
export async function haltCommand(request: Request, args: string): Promise<void> {
  await change(request, args, halt);
}

/** /resume: the same, alone for everything. */
export async function resumeCommand(request: Request, args: string): Promise<void> {
  await change(request, args === "" ? "all" : args, resume);
}

async function change(request: Request, args: string, act: typeof halt): Promise<void> {
  const turn = await begin(request);
  const db = request.talk.db.for("halt");
  const parts = CHOICES.find(({ words }) => words.includes(args.toLowerCase()))?.parts;
  if (parts !== undefined) await act(db, parts);
  await show(turn, haltScreen(turn, await readHalts(db), { isUnclear: parts === undefined && args !== "" }));
}

/** The same by a button: [choice, 1 to halt or 0 to resume]; without them the screen is shown anew. */
export async function haltPressed(request: Request, [choice, isHalt]: number[]): Promise<void> {
  const turn = await begin(request);
  const db = request.talk.db.for("halt");
  const parts = choice === undefined ? undefined : CHOICES[choice]?.parts;
  if (parts !== undefined) await (isHalt === 1 ? halt : resume)(db, parts);
  await show(turn, haltScreen(turn, await readHalts(db), {}));
}

function haltScreen(turn: Turn, halts: Halt[], { isUnclear = false }: { isUnclear?: boolean }): Screen {
  const { text } = turn;
  const lines = [
    ...(isUnclear ? [text("halt-usage")] : []),
    ...PARTS.map((part) => partLine(turn, halts, part)),
    text("halt-commands"),
  ];
  const keyboard = new InlineKeyboard();
  const isHalted = (part: Part) => halts.some((halted) => halted.part === part);
  const add = (label: string, choice: number, isHalt: boolean) =>
    keyboard.text(text(label), callbackData(turn, "oh", choice, isHalt ? 1 : 0)).row();
  if (isHalted("checks")) add("resume-checks", 0, false);
  else add("halt-checks", 0, true);
  if (isHalted("delivery")) add("resume-delivery", 1, false);
  else add("halt-delivery", 1, true);
  if (halts.length === 0) add("halt-all", 2, true);
  keyboard.text(text("status-button"), callbackData(turn, "os"));
  return { html: lines.join("\n"), keyboard };
}

const LINES = {
  checks: { on: "checks-on", off: "checks-halted" },
  delivery: { on: "delivery-on", off: "delivery-halted" },
} as const;

/** Whether a part of the work goes on, or since when it does not. */
export function partLine({ text, language }: Turn, halts: Halt[], part: Part): string {
  const halted = halts.find((one) => one.part === part);
  return halted === undefined
    ? text(LINES[part].on)
    : text(LINES[part].off, { ago: duration(language, halted.sinceMs) });
}
