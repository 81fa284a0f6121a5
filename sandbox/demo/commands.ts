import type { Wish, Wishlist } from "../fetta/index.ts";
import type { Chat, Person } from "../telegram/telegram.ts";
import { isWatched } from "./reaction.ts";
import { troubles } from "./site.ts";
import { CLUB, LOOK_SECONDS, type Streamer, type World } from "./world.ts";

/** Who is at the keyboard, and where. */
export type Stage = {
  world: World;
  person: Person;
  /** Undefined: the person's own chat with the bot. */
  group: Chat | undefined;
  showsLog: boolean;
};

/** Gives what to tell the person. @throws a sentence that helps, when the command cannot be followed */
type Command = (stage: Stage, ...args: string[]) => string;

const help = `Without a colon: what you say to the bot; /help asks the bot what it can do.
  #2, or :press 2             press the second button of the latest message with buttons
  :streamers [nick]           who is there; with a nick, the wishlist as the site shows it
  :add <nick> [name] [price]  the streamer wishes for something new (price in rubles)
  :remove <nick> [number]     the first wish of the list, or that one, is taken off
  :price <nick> <price> [number], :soldout <nick> [number]
  :break down|429|captcha|empty   the wishlist site fails in this way, until :fix
  :lang ru|en                 the language of your Telegram
  :user [name]                be somebody else; without a name, back to your own chat with the bot
  :group [title]              go to a group; whoever makes one is its administrator
  :later [hours]              the clocks of this world go so much ahead
  :log                        show or hide what the bot logs
  :help, :quit                this list; the end (Ctrl-D and Ctrl-C too)`;

const siteCommands: Record<string, Command> = {
  add({ world }, nick, ...words) {
    const { list, ideas } = find(world, nick);
    const price = /^\d+$/.test(words.at(-1) ?? "") ? rubles(words.pop()) : undefined;
    const name = words.join(" ") || ideas.shift();
    const wish = list.add({ ...(name !== undefined && { name }), ...(price !== undefined && { price }) });
    const hint = isWatched(world, list)
      ? `The bot looks every ${LOOK_SECONDS} seconds.`
      : `Nobody follows ${list.name}, so nobody will hear of it: /track ${list.nickname}`;
    return `${list.name} wishes for ${shown(wish)}. ${hint}`;
  },
  remove({ world }, nick, number) {
    const { list } = find(world, nick);
    const wish = pick(list, number);
    list.remove(wish.id);
    return `${list.name} no longer wishes for ${shown(wish)}. That is recorded, not announced.`;
  },
  price({ world }, nick, price, number) {
    const { list } = find(world, nick);
    list.price(pick(list, number).id, rubles(price));
    return `Now it is ${shown(pick(list, number))}. That is recorded, not announced.`;
  },
  soldout({ world }, nick, number) {
    const { list } = find(world, nick);
    const { id, isUnavailable } = pick(list, number);
    list.unavailable(id, !isUnavailable);
    return `Now it is ${shown(pick(list, number))}. That is recorded, not announced.`;
  },
  break({ world: { site } }, how = "") {
    const trouble = troubles.find((name) => name === how.toLowerCase());
    if (trouble === undefined) throw new Error(`Break it how? ${troubles.join(", ")}; for example :break down`);
    site.set(trouble);
    return `The site is broken now (${trouble}), and nothing may get lost: :add something, then :fix.`;
  },
  fix({ world: { site } }) {
    if (site.trouble() === undefined) throw new Error("The site is not broken. To break it: :break down");
    site.set(undefined);
    return "The site works again.";
  },
};

const otherCommands: Record<string, Command> = {
  help: () => help,
  streamers: ({ world }, nick) => (nick === undefined ? everyone(world) : wishes(find(world, nick))),
  lang({ person }, language = "") {
    if (!/^(ru|en)$/i.test(language)) throw new Error("The bot speaks Russian and English: :lang ru or :lang en");
    person.languageCode = language.toLowerCase();
    return `${person.firstName}: your Telegram is in ${person.languageCode === "ru" ? "Russian" : "English"} now.`;
  },
  user(stage, ...words) {
    const name = words.join(" ") || stage.person.firstName;
    const { world, person } = stage;
    const { people } = world;
    const known = people.find(({ firstName }) => firstName.toLowerCase() === name.toLowerCase());
    stage.person = known ?? world.telegram.person({ firstName: name, languageCode: person.languageCode ?? "en" });
    stage.group = undefined;
    if (known === undefined) people.push(stage.person);
    return `You are ${stage.person.firstName}, in a private chat with the bot.`;
  },
  group(stage, ...words) {
    const { person, world } = stage;
    const { telegram } = world;
    const title = words.join(" ") || (stage.group?.title ?? CLUB);
    const groups = telegram.chats().filter(({ type }) => type === "group" || type === "supergroup");
    const known = groups.find((group) => group.title.toLowerCase() === title.toLowerCase());
    stage.group = known ?? telegram.group({ title, administrators: [person], bot: "left" });
    if (telegram.details(stage.group).access !== "open") telegram.add(stage.group);
    return `${person.firstName}: you are in the group ${stage.group.title}. Back to your own chat: :user`;
  },
  later({ world: { clock } }, hours = "1") {
    const ms = Number(hours) * 3_600_000;
    if (!(ms > 0 && ms <= 100 * 24 * 3_600_000))
      throw new Error("How many hours later? A number, for example :later 8");
    void clock.jump(ms);
    return `In this world it is ${new Date(clock.now()).toLocaleString("en-GB")} now.`;
  },
  log(stage) {
    stage.showsLog = !stage.showsLog;
    const { state, logFile } = stage.world.bot;
    const { pid } = state();
    return `The log is ${stage.showsLog ? "shown" : "hidden"}. The bot is process ${pid} and logs to ${logFile}`;
  },
  press({ world, person, group }, number = "") {
    const message = world.telegram.messages(group ?? person).findLast(({ buttons }) => buttons.length > 0);
    if (message === undefined)
      throw new Error("No message here has buttons. Follow somebody, and /untrack shows some.");
    const buttons = message.buttons.flat();
    const data = buttons[Number(number.replace(/^#/, "")) - 1]?.data;
    if (data === undefined) throw new Error(`Which button? The latest ones are #1 to #${buttons.length}.`);
    world.telegram.press(message, { data }, person);
    return "";
  },
};

export const commands = new Map(Object.entries({ ...siteCommands, ...otherCommands }));
/** The bot finds out what these have changed at its next look. */
export const changesSite = (name: string) => Object.hasOwn(siteCommands, name);

function find({ streamers }: World, nick = ""): Streamer {
  const found = streamers.find(({ list }) => list.nickname.toLowerCase() === nick.replace(/^@/, "").toLowerCase());
  if (found !== undefined) return found;
  const nicks = streamers.map(({ list }) => list.nickname).join(", ");
  throw new Error(
    nick === "" ? `Which streamer? One of ${nicks}.` : `There is no ${nick} on this site, only ${nicks}.`,
  );
}

function pick(list: Wishlist, number = "1"): Wish {
  const items = list.items();
  const wish = /^\d+$/.test(number) ? items[Number(number) - 1] : undefined;
  if (wish !== undefined) return wish;
  if (items.length === 0) throw new Error(`The wishlist of ${list.name} is empty.`);
  throw new Error(`Which wish? A number from 1 to ${items.length}; see :streamers ${list.nickname}`);
}

function rubles(text = ""): number {
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text);
  throw new Error("A price is a whole number of rubles, from 1 to 9999999.");
}

/** With the fee of 8 % that the site adds for buyers, rounded up to a ruble. */
function shown({ name, price, isUnavailable }: Wish): string {
  return `“${name}” (${Math.ceil((price * 108) / 100)} ₽ with the site's fee${isUnavailable ? ", sold out" : ""})`;
}

function everyone({ streamers }: World): string {
  const line = ({ list }: Streamer) => `  ${list.nickname.padEnd(16)}${list.name}, ${list.items().length} wishes`;
  return streamers.map(line).join("\n");
}

function wishes({ list }: Streamer): string {
  const items = list.items();
  const lines = items.slice(0, 10).map((wish, n) => `  ${n + 1}. ${shown(wish)}`);
  if (items.length > lines.length) lines.push(`  … and ${items.length - lines.length} more`);
  return [`${list.name}, ${list.url}, ${items.length} wishes`, ...lines].join("\n");
}
