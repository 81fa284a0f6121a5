/** What the bot owes its people: one answer to each thing they ask. */
export type Ledger = ReturnType<typeof createLedger>;

/**
 * Counts by whoever is to be answered: a chat that is to get a message, a person whose press is to be acknowledged.
 * Nobody waits for the answer to an update that has not been sent: each has its number, and asking says how many were.
 */
export function createLedger() {
  const open = new Map<number, number[]>();
  const owed: number[] = [];
  return {
    owe(id: number, update: number) {
      owed.push(update);
      open.set(id, [...(open.get(id) ?? []), update]);
    },
    /** Something has come; what nobody waits for does not count. */
    came(id: number) {
      const [, ...rest] = open.get(id) ?? [];
      if (rest.length === 0) open.delete(id);
      else open.set(id, rest);
    },
    owed: (sent: number) => owed.filter((update) => update < sent).length,
    open: (sent: number) => [...open.values()].flat().filter((update) => update < sent).length,
  };
}

/** Who is to be told one piece of news, once. */
export type News = ReturnType<typeof createNews>;

export function createNews(chats: number[]) {
  const times = new Map(chats.map((id) => [id, 0]));
  let told = 0;
  let firstAt: number | undefined;
  let lastAt: number | undefined;
  return {
    /** A chat has been told, at that time. */
    tell(id: number, at: number) {
      const before = times.get(id);
      if (before === undefined) return;
      times.set(id, before + 1);
      if (before > 0) return;
      told += 1;
      firstAt ??= at;
      lastAt = at;
    },
    /** How many of them know it. */
    told: () => told,
    /** How often somebody was told again. */
    repeated: () => times.values().reduce((sum, count) => sum + Math.max(count - 1, 0), 0),
    firstAt: () => firstAt,
    lastAt: () => lastAt,
  };
}

/** The most of these times, in ms and in order, within any second. */
export function fullestSecond(times: number[]): number {
  let first = 0;
  let most = 0;
  for (const [n, time] of times.entries()) {
    while ((times[first] ?? time) <= time - 1000) first++;
    most = Math.max(most, n - first + 1);
  }
  return most;
}
