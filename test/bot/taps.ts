import { sql } from "../../src/db/orm.ts";
import { type ChatSettings, changeChatSettings, type Nullable, type TrackingSettings } from "../../src/db/settings.ts";
import { batch } from "../../src/db/sql.ts";
import type { BotWorld, Message, Person } from "./world.ts";

export const labels = ({ buttons }: Message): string[] => buttons.flat().map(({ text }) => text);

/** Prices and dates are written with spaces that do not break. */
export const plain = (text: string): string => text.replaceAll("\u00a0", " ").replaceAll("\u2060", "");

/** One person at the bot: says things and presses buttons, and sees what they see. */
export function visitor(world: BotWorld, person: Person, chat: { id: number } = person) {
  const place = chat.id === person.id ? { from: person } : { from: person, chat: chat as never };
  let shown: Message | undefined;
  const screen = (): Message => {
    if (shown === undefined) throw new Error("nothing is shown yet");
    return shown;
  };
  return {
    person,
    /** What the message shows that was spoken to last. */
    get text() {
      return plain(screen().text);
    },
    get labels() {
      return labels(screen()).map(plain);
    },
    get message() {
      return screen();
    },
    /** Says something; gives the text of the one answer. */
    async say(text: string, more: { replyTo?: Message; threadId?: number } = {}): Promise<string> {
      const [answer, ...others] = await world.ask(text, { ...place, ...more });
      if (answer === undefined || others.length > 0) throw new Error(`"${text}" got ${others.length} answers too many`);
      shown = answer;
      return plain(answer.text);
    },
    /** Answers the bot's last message. */
    async reply(text: string): Promise<string> {
      return await this.say(text, { replyTo: world.last(chat) });
    },
    /** Presses buttons one after another; gives the last toast. */
    async tap(...buttons: string[]): Promise<string> {
      let toast = "";
      for (const label of buttons) {
        const shows = screen()
          .buttons.flat()
          .map((button) => ({ ...button, text: plain(button.text) }));
        const { data } =
          shows.find(({ text }) => text === label) ?? shows.find(({ text }) => text.includes(label)) ?? {};
        const pressed = await world.press(screen(), data === undefined ? label : { data }, person);
        shown = pressed.shows;
        toast = plain(pressed.toast);
      }
      return toast;
    },
    /** Goes on with another message. */
    at(message: Message) {
      shown = message;
    },
  };
}

export async function chatSettings({ db }: BotWorld, chat: { id: number }): Promise<ChatSettings | undefined> {
  const [row] = await db.for("test").all<{ settings: string }>(sql`SELECT settings FROM users WHERE id = ${chat.id}`);
  return row && JSON.parse(row.settings);
}

export async function trackingSettings(
  { db }: BotWorld,
  chat: { id: number },
  id: number,
): Promise<TrackingSettings | undefined> {
  const [row] = await db.for("test").all<{ settings: string }>(sql`
    SELECT settings FROM user_streamers WHERE user_id = ${chat.id} AND streamer_id = ${id}`);
  return row && JSON.parse(row.settings);
}

export async function setChat({ db }: BotWorld, chat: { id: number }, settings: Nullable<ChatSettings>): Promise<void> {
  const orm = db.for("test");
  await batch(orm, [changeChatSettings(orm, chat.id, settings)]);
}

/** A message of the bot with one button, such as leads to another chat that a person manages. */
export async function showButton(world: BotWorld, person: Person, data: string): Promise<Message> {
  await world.ask("/help", { from: person });
  const reply_markup = { inline_keyboard: [[{ text: "there", callback_data: data }]] };
  await world.bot.api.sendMessage(person.id, "Chats", { reply_markup });
  return world.last(person);
}
