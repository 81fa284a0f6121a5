import { troubles } from "../demo/site.ts";
import type { Streamer, World } from "../demo/world.ts";
import { fieldsOf, type Params } from "../telegram/fields.ts";
import type { Chat, ChatDetails, Message, Person } from "../telegram/telegram.ts";

/** Does what somebody at the page wants. Gives what to tell it; throws a sentence when it cannot be done. */
type Action = (world: World, fields: ReturnType<typeof readFields>) => object | undefined | Promise<undefined>;

const HOUR_MS = 3_600_000;
const LONGEST_JUMP_HOURS = 24 * 100;

/** What people do in Telegram. */
const inTelegram: Record<string, Action> = {
  say({ telegram }, { person, chat, text, optionalInteger, flag, messageIn, document }) {
    const from = person();
    const place = chat(from);
    const isAnonymous = place.type === "channel" || flag("anonymous");
    if (isAnonymous) mustLead(place, from);
    const threadId = optionalInteger("thread");
    const replyTo = optionalInteger("replyTo");
    const file = document();
    const update = telegram.say(text("text"), {
      ...{ from, chat: place, anonymous: isAnonymous },
      ...(file === undefined ? {} : { document: file }),
      ...(threadId === undefined ? {} : { threadId }),
      ...(replyTo === undefined ? {} : { replyTo: messageIn(place, replyTo) }),
    });
    return { isTold: update !== 0 };
  },
  press({ telegram }, { person, chat, integer, messageIn }) {
    const from = person();
    const message = messageIn(chat(from), integer("message"));
    const data = message.buttons[integer("row")]?.[integer("column")]?.data;
    if (data === undefined) throw new Error("The message does not have this button any more");
    telegram.press(message, { data }, from);
    return undefined;
  },
  remove({ telegram }, { person, chat, integer, messageIn }) {
    telegram.remove(messageIn(chat(person()), integer("message")));
    return undefined;
  },
  block: ({ telegram }, { person, flag }) => void (flag("value") ? telegram.block : telegram.unblock)(person()),
  language(_world, { person, text }) {
    person().languageCode = text("language");
    return undefined;
  },
  person({ telegram, people }, { text }) {
    const made = telegram.person({ firstName: text("name"), languageCode: text("language") });
    people.push(made);
    return { id: made.id };
  },
  group({ telegram, people }, { person, text }) {
    const title = text("title");
    const [owner, kind] = [person(), text("kind")];
    const makers: Record<string, () => Chat> = {
      group: () => telegram.group({ title, administrators: [owner], members: others(), bot: "left" }),
      supergroup: () => telegram.group({ title, supergroup: true, administrators: [owner], bot: "left" }),
      forum: () => telegram.group({ title, forum: true, administrators: [owner], members: others(), bot: "left" }),
      channel: () => telegram.channel({ title, administrators: [owner], members: others(), bot: "left" }),
    };
    const others = () => people.filter(({ id }) => id !== owner.id);
    const make = Object.hasOwn(makers, kind) ? makers[kind] : undefined;
    if (make === undefined) throw new Error(`There are no chats of the kind ${kind}`);
    return { id: make().id };
  },
  /** With a payload, as `t.me/<bot>?startgroup=<payload>` does it. */
  invite({ telegram }, { person, chat, optionalText }) {
    const from = person();
    const place = chat(from);
    mustLead(place, from);
    const payload = optionalText("payload");
    if (place.access !== "open") telegram.add(place);
    if (payload !== "") telegram.say(`/start@${telegram.username} ${payload}`, { from, chat: place });
    return undefined;
  },
  kick: ({ telegram }, { person, chat }) => void telegram.kick(mustLead(chat(person()), person()), "left"),
  promote: ({ telegram }, { person, chat, flag }) =>
    void telegram.promote(mustLead(chat(person()), person()), flag("value")),
  role({ telegram, people }, { person, chat, flag, integer }) {
    const place = mustLead(chat(person()), person());
    const member = people.find(({ id }) => id === integer("member"));
    if (member === undefined) throw new Error("There is no such person");
    telegram.setRole(place, member, flag("value") ? "administrator" : "member");
    return undefined;
  },
  migrate: ({ telegram }, { person, chat }) => ({ id: telegram.migrate(mustLead(chat(person()), person())).id }),
  topic: ({ telegram }, { person, chat, text }) => ({ id: telegram.topic(chat(person()), text("name")) }),
  closeTopic({ telegram }, { person, chat, integer, flag }) {
    const place = mustLead(chat(person()), person());
    (flag("value") ? telegram.closeTopic : telegram.reopenTopic)(place, integer("thread"));
    return undefined;
  },
};

/** What happens on the wishlist site, and to the bot and its clock. */
const aroundIt: Record<string, Action> = {
  add(_world, { streamer, optionalText, optionalInteger }) {
    const { list, ideas } = streamer();
    const name = optionalText("name").trim() || ideas.shift();
    const price = optionalInteger("price");
    const added = list.add({ ...(name === undefined ? {} : { name }), ...(price === undefined ? {} : { price }) });
    return { name: added.name };
  },
  change(_world, { streamer, text, has, flag, integer }) {
    const { list } = streamer();
    const wish = text("wish");
    if (has("price")) list.price(wish, integer("price"));
    if (has("isUnavailable")) list.unavailable(wish, flag("isUnavailable"));
    if (has("isPinned")) list.pin(wish, flag("isPinned"));
    return undefined;
  },
  take: (_world, { streamer, text }) => void streamer().list.remove(text("wish")),
  hide: (_world, { streamer, flag }) => void streamer().list.hide(flag("value")),
  rename({ streamers }, { streamer, text }) {
    const nickname = readNickname(text("nickname"));
    if (isTaken(streamers, nickname)) throw new Error(`${nickname} is taken`);
    streamer().list.rename(nickname);
    return undefined;
  },
  streamer({ fetta, streamers }, { text }) {
    const nickname = readNickname(text("nickname"));
    streamers.push({ list: fetta.streamer(nickname, { name: text("name") || nickname, items: 3 }), ideas: [] });
    return undefined;
  },
  site({ site }, { optionalText }) {
    site.set(troubles.find((trouble) => trouble === optionalText("trouble")));
    return undefined;
  },
  async clock({ clock }, { integer }) {
    const minutes = integer("minutes");
    if (minutes < 1 || minutes > LONGEST_JUMP_HOURS * 60) throw new Error("Clocks go ahead by 1 minute to 100 days");
    await clock.jump((minutes * HOUR_MS) / 60);
    return undefined;
  },
  async bot({ bot }, { text }) {
    await bot.restart(text("how") === "kill" ? "SIGKILL" : "SIGTERM");
    return undefined;
  },
};

const actions = new Map(Object.entries({ ...inTelegram, ...aroundIt }));

/**
 * Does the action of that name.
 * @throws a sentence that says why it cannot be done
 */
export async function act(world: World, name: string, body: Params): Promise<object> {
  const action = actions.get(name);
  if (action === undefined) throw new Error(`There is no action ${name}`);
  return (await action(world, readFields(world, body))) ?? {};
}

function readFields({ telegram, people, streamers }: World, body: Params) {
  const fields = fieldsOf(body);
  const find = <T>(list: readonly T[], fits: (one: T) => boolean, what: string): T => {
    const found = list.find(fits);
    if (found === undefined) throw new Error(`There is no such ${what}`);
    return found;
  };
  return {
    ...fields,
    optionalInteger: (name: string) => (fields.has(name) ? fields.integer(name) : undefined),
    person: () => find(people, ({ id }) => id === fields.integer("person"), "person"),
    /** A chat that the person is in. */
    chat(person: Person): ChatDetails {
      const chat = telegram.details(find(telegram.chats(), ({ id }) => id === fields.integer("chat"), "chat"));
      if (chat.id === person.id || chat.roles.some(({ id }) => id === person.id)) return chat;
      throw new Error(`${person.firstName} is not in this chat`);
    },
    document() {
      if (!fields.has("document")) return undefined;
      const { text } = fieldsOf(fields.object("document"));
      return { fileName: text("fileName"), text: text("text") };
    },
    messageIn: (chat: Chat, id: number): Message => find(telegram.messages(chat), (one) => one.id === id, "message"),
    streamer: () => find(streamers, ({ list }) => list.ownerId === fields.text("streamer"), "streamer"),
  };
}

function mustLead(chat: ChatDetails, { id, firstName }: Person): ChatDetails {
  const role = chat.roles.find((one) => one.id === id)?.role ?? "member";
  if (role === "member") throw new Error(`${firstName} is no administrator of this chat`);
  return chat;
}

function readNickname(text: string): string {
  const nickname = text.trim().replace(/^@/, "");
  if (/^[A-Za-z0-9_.-]{2,32}$/.test(nickname)) return nickname;
  throw new Error("A nickname is made of Latin letters, digits, dots, dashes and underscores");
}

function isTaken(streamers: readonly Streamer[], nickname: string): boolean {
  return streamers.some(({ list }) => list.nickname.toLowerCase() === nickname.toLowerCase());
}
