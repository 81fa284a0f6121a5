import { expect, test } from "vitest";
import { figuresOf } from "../../load/report.ts";
import { faultsOf, type Result } from "../../load/verdict.ts";

const latency = { min: 1, max: 90, mean: 8, p50: 5, p95: 20, p99: 60, count: 200 };

/** Two seconds of 100 /list a second that went well. */
function result(changes: { [Part in keyof Result]?: Partial<Result[Part]> } = {}): Result {
  return {
    ...{ planned: 200, plannedSeconds: 2 },
    scenario: { ...{ scene: "list", title: "/list", phases: [] }, ...changes.scenario },
    measured: {
      ...{ kind: "measured", arrived: 200, answered: 200, seconds: 2.01, latency, errors: {}, lateMs: 2, cpuMs: 500 },
      ...changes.measured,
    },
    tally: {
      ...{ owed: 200, unanswered: 0, asked: 0, unsettled: 0, told: 0, repeated: 0 },
      ...{ firstToldMs: undefined, lastToldMs: undefined, messagesMeanwhile: 0, fullestSecond: 100 },
      ...{ calls: { sendMessage: 200 }, refusals: {}, cpuMs: 100 },
      ...changes.tally,
    },
    bot: {
      ...{ updates: 200, updatesFailed: 0, statementsPerUpdate: 1, eventLoopP99Ms: 4, memoryMb: 150 },
      ...{ cpuMs: 400, errors: [], warnings: [] },
      ...changes.bot,
    },
    fanOut: changes.fanOut && { fans: 100, messagesPerSecond: 50, ...changes.fanOut },
  };
}

test("a load that was held has no faults", () => {
  expect(faultsOf(result())).toEqual([]);
});

test.each<[string, Parameters<typeof result>[0]]>([
  ["p99 is 1200 ms", { measured: { latency: { ...latency, p99: 1_200 } } }],
  ["p99 is Infinity ms", { measured: { latency: undefined } }],
  ["1 × 503 instead of 200", { measured: { errors: { 503: 1 } } }],
  ["3 updates were not answered", { measured: { answered: 197 } }],
  ["held 80.0 updates/s of 100.0 offered", { measured: { seconds: 2.5 } }],
  ["the load itself was 150 ms late", { measured: { lateMs: 150 } }],
  ["has handled 199 updates of 200", { bot: { updates: 199 } }],
  ["2 updates failed", { bot: { updatesFailed: 2 } }],
  ["logged errors: update failed", { bot: { errors: ["update failed", "update failed"] } }],
  ["/list took 1.005 SQL statements", { bot: { statementsPerUpdate: 1.005 } }],
  ["1 of 200 people who asked were not answered", { tally: { unanswered: 1 } }],
  ["1 of 50 /track did not come to an end", { tally: { asked: 50, unsettled: 1 } }],
  ["4 calls got a 429", { tally: { refusals: { 429: 4 } } }],
])("a load is not held when %s", (fault, changes) => {
  expect(faultsOf(result(changes))).toEqual([expect.stringContaining(fault)]);
});

const told = { told: 100, firstToldMs: 500, lastToldMs: 4_500, messagesMeanwhile: 190 };

test("news must reach everybody, once, in about the least time", () => {
  expect(faultsOf(result({ fanOut: {}, tally: told }))).toEqual([]);
  expect(faultsOf(result({ fanOut: {}, tally: { ...told, told: 99, repeated: 2 } }))).toEqual([
    "1 of 100 chats were not told",
    "2 messages came twice",
  ]);
  expect(faultsOf(result({ fanOut: {}, tally: { ...told, lastToldMs: 6_000 } }))).toEqual([
    "telling took 1.45 × the least time, more than 1.15 ×",
  ]);
});

test("the figures say what was offered and what was held", () => {
  const bot = { warnings: ["lock not released", "lock not released"] };
  const text = figuresOf(result({ fanOut: {}, tally: told, bot })).join("\n");
  expect(text).toContain("2 × lock not released");
  expect(text).toContain("200 updates in 2 s, 100.0/s on average");
  expect(text).toContain("p50 5.0 ms, p95 20 ms, p99 60 ms, most 90 ms");
  expect(text).toContain("2.0 ms per update; Artillery 2.5 ms, sandbox 0.5 ms");
  expect(text).toContain("47.5/s of 50, answers included: 4.0 s, 1.05 × the least time");
});
