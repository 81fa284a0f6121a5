import { type Api, GrammyError } from "grammy";

/** How long it is believed who a chat's administrators are, in ms; whoever is not among them is asked about sooner. */
const TRUST_MS = { administrator: 5 * 60_000, stranger: 10_000 };
/** Chats remembered. */
const MOST = 10_000;

/** Who the administrators of groups and channels are, asked of Telegram and remembered for a while. */
export function createAdministrators(api: Api, now: () => number = () => performance.now()) {
  const known = new Map<number, { ids: Set<number>; at: number }>();

  /**
   * Telegram promises an answer to getChatMember about others only to bots that are administrators themselves, so the
   * list of administrators is asked for first; a Bot API server that does not give it may still know the one member.
   */
  async function ask(chatId: number, userId: number): Promise<boolean> {
    try {
      const ids = new Set((await api.getChatAdministrators(chatId)).map(({ user }) => user.id));
      if (known.size >= MOST) known.clear();
      known.set(chatId, { ids, at: now() });
      return ids.has(userId);
    } catch (error) {
      if (!(error instanceof GrammyError)) throw error;
      return await askAboutOne(chatId, userId);
    }
  }

  async function askAboutOne(chatId: number, userId: number): Promise<boolean> {
    try {
      const { status } = await api.getChatMember(chatId, userId);
      return status === "creator" || status === "administrator";
    } catch (error) {
      // Where the bot is not, nobody manages it.
      if (error instanceof GrammyError && /chat not found|not a member|was kicked/.test(error.description))
        return false;
      throw error;
    }
  }

  return {
    /** @throws what Telegram answers when it cannot be asked */
    async has(chatId: number, userId: number): Promise<boolean> {
      const chat = known.get(chatId);
      const age = chat === undefined ? Number.POSITIVE_INFINITY : now() - chat.at;
      const isOne = chat?.ids.has(userId) ?? false;
      if (age < (isOne ? TRUST_MS.administrator : TRUST_MS.stranger)) return isOne;
      return await ask(chatId, userId);
    },
    /** Somebody's place in this chat has changed. */
    forget: (chatId: number) => void known.delete(chatId),
  };
}

export type Administrators = ReturnType<typeof createAdministrators>;
