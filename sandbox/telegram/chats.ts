import type { InlineButton } from "./markup.ts";
import type { Chat, ChatDetails, Message, Person } from "./types.ts";

export type Role = "creator" | "administrator" | "member";

/**
 * How the bot stands to a chat. Private: `unstarted` (never written to the bot), `open`, `blocked`, `deactivated`.
 * Others: `open`, `left` (or never been in), `kicked`, `migrated`.
 */
export type Access = "open" | "unstarted" | "blocked" | "deactivated" | "left" | "kicked" | "migrated";

/** A message with what only the sandbox knows: the keyboard as it was sent, and who spoke for a whole chat. */
export type Stored = Message & { keyboard: InlineButton[][]; asChat: boolean };

export type Room = Chat & {
  /** Whom a private chat is with. */
  person?: Person;
  access: Access;
  botIsAdministrator: boolean;
  roles: Map<number, Role>;
  /** Forum topics by the id of the message that opened them. */
  topics: Map<number, { name: string; isClosed: boolean }>;
  messages: Map<number, Stored>;
  lastMessageId: number;
  migratedTo?: number;
};

export type PersonOptions = { id?: number; languageCode?: string; firstName?: string; username?: string };
export type GroupOptions = {
  id?: number;
  title?: string;
  supergroup?: boolean;
  forum?: boolean;
  /** The first one is the creator; without any a creator is invented. */
  administrators?: Person[];
  members?: Person[];
  /** The bot's place at the start; default "member". */
  bot?: "member" | "administrator" | "left";
};
export type ChannelOptions = {
  id?: number;
  title?: string;
  /** As in a group. */
  administrators?: Person[];
  members?: Person[];
  bot?: "administrator" | "left";
};

export type Chats = ReturnType<typeof createChats>;

/** Everyone and every chat there is. */
export function createChats() {
  const rooms = new Map<number, Room>();
  const people = new Map<number, Person>();
  const nextId = { person: 100_000_001, group: -4_000_001, channel: -1_001_000_000_001 };
  const names = ["Mira", "Tolya", "Kit", "Ines", "Bao", "Lada", "Omar", "Vesna"];

  function add(room: Pick<Room, "id" | "type" | "title" | "access"> & Partial<Room>): Room {
    if (rooms.has(room.id)) throw new Error(`There is already a chat ${room.id}`);
    const whole: Room = {
      isForum: false,
      botIsAdministrator: false,
      roles: new Map(),
      topics: new Map(),
      messages: new Map(),
      lastMessageId: 0,
      ...room,
    };
    rooms.set(room.id, whole);
    return whole;
  }

  function person(options: PersonOptions = {}): Person {
    const { id = nextId.person++, languageCode, username } = options;
    const firstName = options.firstName ?? names[people.size % names.length] ?? "";
    const made: Person = { id, firstName, username, languageCode };
    add({ id, type: "private", title: firstName, access: "unstarted", person: made });
    people.set(id, made);
    return made;
  }

  /** The first administrator is the creator; without any a creator is invented. */
  function rolesOf(administrators: Person[], members: Person[]): Map<number, Role> {
    const roles = new Map<number, Role>(members.map(({ id }) => [id, "member"]));
    const leaders = administrators.length > 0 ? administrators : [person()];
    for (const [index, { id }] of leaders.entries()) roles.set(id, index === 0 ? "creator" : "administrator");
    return roles;
  }

  return {
    rooms,
    people,
    person,
    group(options: GroupOptions = {}): Room {
      const { administrators = [], members = [], forum = false, supergroup = forum, bot = "member" } = options;
      return add({
        id: options.id ?? (supergroup ? nextId.channel-- : nextId.group--),
        type: supergroup ? "supergroup" : "group",
        title: options.title ?? `Group ${rooms.size + 1}`,
        isForum: forum,
        access: bot === "left" ? "left" : "open",
        botIsAdministrator: bot === "administrator",
        roles: rolesOf(administrators, members),
      });
    },
    channel({ id, title, administrators = [], members = [], bot = "administrator" }: ChannelOptions = {}): Room {
      return add({
        id: id ?? nextId.channel--,
        type: "channel",
        title: title ?? `Channel ${rooms.size + 1}`,
        access: bot === "left" ? "left" : "open",
        botIsAdministrator: bot === "administrator",
        roles: rolesOf(administrators, members),
      });
    },
    /** The new supergroup that a group becomes; the group stays behind as `migrated`. */
    migrate(group: Room): Room {
      const { title, roles, botIsAdministrator } = group;
      const id = nextId.channel--;
      const next = add({ id, type: "supergroup", title, access: "open", roles: new Map(roles), botIsAdministrator });
      group.access = "migrated";
      group.migratedTo = id;
      return next;
    },
    /** @throws {Error} for a handle that this sandbox did not make */
    room({ id }: { id: number }): Room {
      const room = rooms.get(id);
      if (room === undefined) throw new Error(`There is no chat ${id} in this sandbox`);
      return room;
    },
  };
}

/** A chat as the outside holds it. */
export function handleOf({ id, type, title, isForum }: Room): Chat {
  return { id, type, title, isForum };
}

export function detailsOf(room: Room): ChatDetails {
  const { access, botIsAdministrator, roles, topics } = room;
  return {
    ...handleOf(room),
    ...{ access, botIsAdministrator },
    roles: Array.from(roles, ([id, role]) => ({ id, role })),
    topics: Array.from(topics, ([id, { name, isClosed }]) => ({ id, name, isClosed })),
  };
}
