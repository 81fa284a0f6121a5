import { clearScreenDown, moveCursor } from "node:readline";
import { createInterface } from "node:readline/promises";
import { styleText } from "node:util";
import type { Change } from "../telegram/telegram.ts";
import { changesSite, commands, type Stage } from "./commands.ts";
import { drawMessage } from "./message.ts";
import { watchReaction } from "./reaction.ts";
import type { World } from "./world.ts";

const { stdin, stdout } = process;

/** Lets whoever sits at the terminal be the first person, until they leave; a script is played line by line. */
export async function runPrompt(world: World, signal: AbortSignal): Promise<void> {
  const { telegram, bot, people } = world;
  const [person] = people;
  if (person === undefined) throw new Error("Nobody is there");
  const stage: Stage = { world, person, group: undefined, showsLog: false };
  const terminal = stdin.isTTY && stdout.isTTY;
  const reader = createInterface({ input: stdin, ...(terminal && { output: stdout }), signal });
  telegram.onChange((change) => {
    const text = drawChange(stage, change);
    if (text !== undefined) print(text);
  });
  bot.onLine((line) => {
    if (stage.showsLog) print(styleText("dim", line), "");
  });

  /** Above the line that is being typed, which stays as it is. */
  function print(text: string, gap = "\n") {
    if (!terminal) return void stdout.write(`${text}\n${gap}`);
    const { rows } = reader.getCursorPos();
    moveCursor(stdout, -stdout.columns, -rows);
    clearScreenDown(stdout);
    stdout.write(`${text}\n${gap}${"\n".repeat(rows)}`);
    reader.prompt(true);
  }

  function ask() {
    const place = stage.group === undefined ? "" : ` in ${stage.group.title}`;
    reader.setPrompt(styleText("green", `${stage.person.firstName}${place}> `));
    if (terminal) reader.prompt();
  }

  stdout.write(`${welcome(bot.logFile)}\n\n`);
  ask();
  for await (const line of reader) {
    const text = line.trim();
    if (!terminal && text !== "") print(`${reader.getPrompt()}${text}`, "");
    if (/^:q(uit)?$/i.test(text)) break;
    const settle = terminal ? undefined : watchReaction(world);
    const isSiteChanged = text !== "" && act(stage, text, print);
    await settle?.(isSiteChanged);
    ask();
  }
  reader.close();
}

/** Does what a line says: a command of the demo, a press, or a message to the bot. True when it changed the site. */
function act(stage: Stage, line: string, print: (text: string) => void): boolean {
  const [, name = "", rest = ""] = /^:([a-z]+)\s*(.*)$/i.exec(line.replace(/^#(?=\d+$)/, ":press ")) ?? [];
  const command = commands.get(name.toLowerCase());
  try {
    if (name !== "" && command === undefined) throw new Error(`There is no :${name}. :help lists what there is.`);
    const text = command === undefined ? say(stage, line) : command(stage, ...rest.split(/\s+/).filter(Boolean));
    if (text !== "") print(text);
    return changesSite(name.toLowerCase());
  } catch (error) {
    // The simulator's own refusals are sentences too: of a message that is too long, say.
    print(styleText("red", error instanceof Error ? error.message : String(error)));
    return false;
  }
}

function say({ world, person, group }: Stage, text: string): string {
  const update = world.telegram.say(text, { from: person, ...(group !== undefined && { chat: group }) });
  return update === 0 ? "The bot is not told of this: in groups it hears only commands." : "";
}

function drawChange({ world, person, group }: Stage, change: Change): string | undefined {
  if (change.kind === "callbackAnswer" && change.answer.text !== undefined) {
    return `${styleText("bold", "Wishbell")} shows for a moment: ${change.answer.text}`;
  }
  if ((change.kind !== "message" && change.kind !== "edit") || !change.message.fromBot) return undefined;
  const { chatId } = change.message;
  const chat = world.telegram.chats().find(({ id }) => id === chatId);
  const elsewhere = `${chat?.type === "private" ? "to" : "in"} ${chat?.title}`;
  return drawMessage(change.message, chatId === (group ?? person).id ? "" : elsewhere);
}

function welcome(logFile: string): string {
  return `${styleText("bold", "Wishbell, between a Telegram and a wishlist site (fetta) that are played on this machine.")}
Whatever you type goes to the bot, as it would in a chat in Telegram. To begin:
  /track pixelfox   follow a streamer; :streamers shows who else is there
  :add pixelfox     then put something on the wishlist, and see the bot ring
What begins with a colon moves the world around the bot: :help explains, :quit ends it (or Ctrl-D).
What the bot logs: :log shows it here, and it is in ${logFile}`;
}
