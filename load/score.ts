import type { Telegram } from "../sandbox/telegram/telegram.ts";
import type { Change, Message } from "../sandbox/telegram/types.ts";
import { createLedger, createNews, fullestSecond } from "./ledger.ts";

/** What has come of a scene so far. */
export type Tally = {
  /** Answers that people waited for: messages, and acknowledged presses; and those that never came. */
  owed: number;
  unanswered: number;
  /** Streamers asked for with /track, and those of which the chat does not show what became of it. */
  asked: number;
  unsettled: number;
  /** Chats that know the news, and how often one was told again. */
  told: number;
  repeated: number;
  /** From when the streamer added something to when the first and the last chat knew, in ms. */
  firstToldMs: number | undefined;
  lastToldMs: number | undefined;
  /** Messages that Telegram took until then, since the news began to go out: the news, and answers. */
  messagesMeanwhile: number;
  /** The most sends and edits that came within any second. */
  fullestSecond: number;
  /** The bot's calls by method, and how many got which error. */
  calls: Record<string, number>;
  refusals: Record<string, number>;
  /** What of a processor the sandbox has used, in ms. */
  cpuMs: number;
};

/** Sends and edits: what Telegram's limits are about. */
const WRITES = /^(?:send(?!ChatAction)|editMessage)/;

export type Score = ReturnType<typeof createScore>;

/** Watches what the bot does in one scene after another, and what it owes. `news`: what a message that tells it contains. */
export function createScore(telegram: Telegram, news: string) {
  let state = begin();

  function begin() {
    return {
      ...{ messages: createLedger(), presses: createLedger(), tracks: createLedger() },
      /** By chat: whether a message shows what became of its /track. */
      settles: new Map<number, (message: Message, isEdit: boolean) => boolean>(),
      /** Updates made so far: the number of the next. */
      updates: 0,
      cpu: process.cpuUsage(),
      ...{ news: createNews([]), fans: 0, addedAt: 0, messagesMeanwhile: 0 },
      ...{ writes: [] as number[], calls: {} as Record<string, number>, refusals: {} as Record<string, number> },
    };
  }

  telegram.onChange((change) => {
    if (change.kind === "message" || change.kind === "edit") seen(change);
    else if (change.kind === "callbackAnswer") state.presses.came(change.answer.from);
    else if (change.kind === "answered") called(change.call);
  });

  function seen({ kind, message }: Extract<Change, { message: Message }>) {
    const { chatId, fromBot, text, date } = message;
    if (!fromBot) return;
    if (state.settles.get(chatId)?.(message, kind === "edit")) state.tracks.came(chatId);
    if (kind === "edit") return;
    if (text.includes(news)) state.news.tell(chatId, date);
    else state.messages.came(chatId);
    const told = state.news.told();
    if (told > 0 && told < state.fans) state.messagesMeanwhile += 1;
  }

  function called({ method, code, at }: Extract<Change, { kind: "answered" }>["call"]) {
    state.calls[method] = (state.calls[method] ?? 0) + 1;
    if (WRITES.test(method)) state.writes.push(at);
    if (code !== 200) state.refusals[code] = (state.refusals[code] ?? 0) + 1;
    // Nobody reads them here, and they would only grow.
    telegram.calls.length = 0;
    telegram.callbackAnswers.length = 0;
  }

  return {
    /** Another scene: counts begin anew. */
    begin() {
      state = begin();
    },
    /** The next update asks for a message in this chat; it is a press of this person; it is a chat's /track. */
    oweMessage: (chatId: number) => state.messages.owe(chatId, state.updates),
    owePress: (personId: number) => state.presses.owe(personId, state.updates),
    oweTrack(chatId: number, isSettled: (message: Message, isEdit: boolean) => boolean) {
      state.settles.set(chatId, isSettled);
      state.tracks.owe(chatId, state.updates);
    },
    /** There is news for these chats. */
    oweNews(chats: number[]) {
      state.news = createNews(chats);
      state.fans = chats.length;
      state.addedAt = Date.now();
    },
    /** An update is on its way to the bot. */
    carried() {
      state.updates += 1;
    },
    /** `sent`: how many updates the bot has been given; those after them are nobody's fault. */
    tally(sent: number): Tally {
      const { messages, presses, tracks, messagesMeanwhile, writes, calls, refusals } = state;
      const { user, system } = process.cpuUsage(state.cpu);
      const since = (at: number | undefined) => (at === undefined ? undefined : at - state.addedAt);
      return {
        owed: messages.owed(sent) + presses.owed(sent),
        unanswered: messages.open(sent) + presses.open(sent),
        ...{ asked: tracks.owed(sent), unsettled: tracks.open(sent) },
        ...{ told: state.news.told(), repeated: state.news.repeated() },
        ...{ firstToldMs: since(state.news.firstAt()), lastToldMs: since(state.news.lastAt()), messagesMeanwhile },
        ...{ fullestSecond: fullestSecond(writes), calls, refusals },
        cpuMs: (user + system) / 1000,
      };
    },
  };
}
