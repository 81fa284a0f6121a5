import { expect, test } from "vitest";
import type { Follow, Row, Send, Told, Wish } from "./history.ts";
import { balance } from "./ledger.ts";
import { disorder } from "./order.ts";
import { createChance } from "./random.ts";
import { refusals } from "./refusals.ts";
import { repeats } from "./repeats.ts";
import { AMBUSH, zombies } from "./zombies.ts";

const wish = (token: number, more: Partial<Wish> = {}): Wish => ({
  token,
  streamer: "mila",
  addedAt: 100,
  fate: "news",
  ...more,
});
const follow = (more: Partial<Follow> = {}): Follow => ({
  chat: 1,
  thread: 0,
  streamer: "mila",
  askedAt: 10,
  since: 20,
  ...more,
});
const told = (tokens: number[], more: Partial<Told> = {}): Told => ({
  chat: 1,
  thread: 0,
  id: 1,
  at: 200,
  tokens,
  more: 0,
  unanswered: false,
  ...more,
});
const row = (id: number, tokens: number[], more: Partial<Row> = {}): Row => ({
  id,
  chat: 1,
  thread: 0,
  streamer: "mila",
  state: "sent",
  tokens,
  ...more,
});
const books = { wishes: [wish(1)], follows: [follow()], told: [told([1])], rows: [] as Row[] };
const whats = (findings: { what: string }[]) => findings.map(({ what }) => what);

test("what is owed and told balances, and tells how long it took", () => {
  expect(balance(books)).toEqual({ events: 1, lost: [], unexpected: [], delaysMs: [100] });
});

test("a wish that a follower was never told of is lost; who asked too late, or left, is owed nothing", () => {
  const nobodyTold = { ...books, told: [] };
  expect(balance(nobodyTold).lost).toMatchObject([{ chat: 1, streamer: "mila", token: 1 }]);
  for (const excused of [follow({ since: 100 }), follow({ leftAskedAt: 500 }), follow({ streamer: "ruta" })]) {
    expect(balance({ ...nobodyTold, follows: [excused] })).toMatchObject({ events: 0, lost: [] });
  }
});

test("what was gone before anybody need have seen it is not owed; what everybody had heard of by then still counts", () => {
  const nobodyTold = { ...books, told: [] };
  expect(balance({ ...nobodyTold, wishes: [wish(1, { goneAt: 150 })] }).events).toBe(0);
  expect(balance({ ...nobodyTold, wishes: [wish(1, { goneAt: 150, settled: true })] }).lost).toHaveLength(1);
});

test("items behind “and 2 more” are told, if the message counts exactly what its checks had found", () => {
  const wishes = [1, 2, 3, 4].map((token) => wish(token));
  const rows = [row(1, [1, 2], { group: "message 9" }), row(2, [3, 4], { group: "message 9" })];
  const message = told([3, 4], { id: 9, more: 2 });
  expect(balance({ ...books, wishes, rows, told: [message] }).lost).toEqual([]);
  expect(balance({ ...books, wishes, rows, told: [{ ...message, more: 1 }] }).lost).toHaveLength(2);
  expect(balance({ ...books, wishes, rows, told: [told([3, 5], { more: 2 })] }).lost).toHaveLength(3);
  expect(balance({ ...books, wishes, rows: [], told: [message] }).lost).toHaveLength(2);
});

test.each<[string, Partial<typeof books>]>([
  ["told of a wish that never was", { told: [told([7])] }],
  ["told of a wish that was there before", { wishes: [wish(1, { fate: "known" })] }],
  ["told of a product that was only added again", { wishes: [wish(1, { fate: "again" })] }],
  ["told to a chat that does not follow", { follows: [follow({ chat: 2 })] }],
  [
    "told to a chat that does not follow",
    { follows: [follow({ leftAskedAt: 110, leftAt: 120 })], told: [told([1], { at: 20_000 })] },
  ],
  ["told in another place than was asked for", { told: [told([1], { thread: 5 })] }],
  [
    "told of a wish that was found before the chat asked",
    {
      follows: [follow(), follow({ chat: 2, askedAt: 300, since: 310 })],
      told: [told([1]), told([1], { chat: 2, at: 400 })],
    },
  ],
])("a chat must not be %s", (what, wrong) => {
  expect(whats(balance({ ...books, ...wrong }).unexpected)).toEqual([what]);
});

test("between asking and hearing of it, and shortly after leaving, news may come but need not", () => {
  const asked = follow({ askedAt: 90, since: 300 });
  const left = follow({ leftAskedAt: 150, leftAt: 190 });
  for (const either of [asked, left]) {
    expect(balance({ ...books, follows: [either] })).toMatchObject({ events: 0, unexpected: [] });
    expect(balance({ ...books, follows: [either], told: [] })).toMatchObject({ lost: [] });
  }
});

test("messages of a chat and topic keep the order in which they were owed, each with all there is of one streamer", () => {
  const rows = [row(1, [1]), row(2, [2], { streamer: "ruta" }), row(3, [3]), row(4, [4])];
  expect(disorder({ rows, told: [told([3, 1]), told([2]), told([4])] })).toEqual([]);
  expect(disorder({ rows, told: [told([2]), told([1])] }), "across streamers").toHaveLength(1);
  expect(disorder({ rows, told: [told([1]), told([4]), told([3])] }).length, "of one streamer").toBeGreaterThan(0);
  expect(disorder({ rows, told: [told([2], { thread: 5 }), told([1])] }), "in another topic").toEqual([]);
});

test("a message told once more, alone or together with what came after it, overtakes nothing", () => {
  const rows = [row(1, [1]), row(2, [2], { streamer: "ruta" }), row(3, [3])];
  expect(disorder({ rows, told: [told([1]), told([1, 3]), told([2])] })).toEqual([]);
  expect(disorder({ rows, told: [told([1]), told([2]), told([1])] })).toEqual([]);
});

test("the first row of a message counts although the message only counts its items", () => {
  const rows = [
    row(1, [1], { messageId: 1 }),
    row(2, [2], { streamer: "ruta", messageId: 2 }),
    row(3, [3], { messageId: 1 }),
  ];
  expect(disorder({ rows, told: [told([3], { id: 1, more: 1 }), told([2], { id: 2 })] })).toEqual([]);
  const late = rows.map((one) => ({ ...one, messageId: one.streamer === "ruta" ? 1 : 2 }));
  expect(disorder({ rows: late, told: [told([2], { id: 1 }), told([3], { id: 2, more: 1 })] })).toHaveLength(1);
});

test("a message that comes twice has a cause: a reply that never came, or a new term in between", () => {
  const nothing = { unknowns: [], terms: [] };
  const both = [told([1], { at: 1_000 }), told([1, 2], { at: 5_000 })];
  const [first, second] = both;
  expect(repeats({ ...nothing, told: both }).unexplained).toHaveLength(1);
  expect(repeats({ ...nothing, told: both, terms: [3_000] })).toMatchObject({ afterCrash: 1, unexplained: [] });
  expect(repeats({ ...nothing, told: both, terms: [500, 6_000] }).unexplained).toHaveLength(1);
  expect(repeats({ ...nothing, told: both, unknowns: [{ chat: 1, at: 2_000 }] })).toMatchObject({ afterUnknown: 1 });
  expect(repeats({ ...nothing, told: both, unknowns: [{ chat: 2, at: 2_000 }] }).unexplained).toHaveLength(1);
  const unanswered = [
    { ...told([1]), ...first, unanswered: true },
    { ...told([1]), ...second },
  ];
  expect(repeats({ ...nothing, told: unanswered })).toMatchObject({ afterUnknown: 1, unexplained: [] });
  expect(repeats({ ...nothing, told: [told([1]), told([1], { chat: 2 })] })).toMatchObject({ unexplained: [] });
});

test("news keeps the wait of a 429, answers need not; what we did not inject the bot has earned", () => {
  const send = (at: number, more: Partial<Send> = {}): Send => ({
    chat: 1,
    at,
    isNews: true,
    code: 200,
    injected: false,
    ...more,
  });
  const refused = send(1_000, { code: 429, injected: true, retryAfterMs: 2_000 });
  expect(refusals([refused, send(3_000)], []).early).toEqual({ sameTerm: [], newTerm: 0 });
  expect(refusals([refused, send(2_900)], []).early.sameTerm).toHaveLength(1);
  expect(refusals([refused, send(2_900)], [2_000]).early).toEqual({ sameTerm: [], newTerm: 1 });
  expect(refusals([refused, send(2_900, { isNews: false }), send(2_900, { chat: 2 })], []).early.sameTerm).toEqual([]);
  expect(refusals([send(1, { code: 429 })], []).earned).toEqual({ news: 1, answers: 0 });
});

test("a leader that wakes when another leads must say so, and may have recorded nothing if it was kept from writing before", () => {
  const hit = { what: AMBUSH, instance: 1, wasLeader: true, term: 3, at: 1_000, until: 5_000 };
  const work = { kind: "work" as const, instance: 1, term: 3, at: 5_010 };
  const lost = { kind: "lost" as const, instance: 1, term: 3, at: 5_040 };
  const next = [{ epoch: 4, at: 4_500 }];
  expect(zombies([hit], [lost], next)).toEqual({ stepDownMs: 40, commits: [] });
  expect(zombies([hit], [work, lost], next).commits).toHaveLength(1);
  const innocent = [
    { ...work, at: 900 },
    { ...work, instance: 2 },
    { ...work, term: 4 },
  ];
  expect(zombies([hit], innocent, next).commits).toEqual([]);
  expect(zombies([hit], [work], [{ epoch: 3, at: 500 }]).commits, "nobody else led").toEqual([]);
  expect(zombies([{ ...hit, what: "stop" }], [work], next).commits, "it may have been written before").toEqual([]);
});

test("a seed means the same chances each time, and its lanes do not follow each other", () => {
  const draw = (seed: number, lane: number) => {
    const chance = createChance(seed, lane);
    return Array.from({ length: 20 }, () => chance.int(0, 1_000_000));
  };
  expect(draw(7, 2)).toEqual(draw(7, 2));
  expect(draw(7, 2)).not.toEqual(draw(7, 3));
  expect(draw(7, 2)).not.toEqual(draw(8, 2));
  const weights = { often: 9, seldom: 1, never: 0 };
  const chance = createChance(1, 0);
  const drawn = Array.from({ length: 1_000 }, () => chance.weighted(weights));
  expect(drawn).not.toContain("never");
  expect(drawn.filter((one) => one === "often").length).toBeGreaterThan(850);
});
