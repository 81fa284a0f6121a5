import fc from "fast-check";
import { expect, test } from "vitest";
import type { ChatSettings } from "../../src/db/settings.ts";
import { holdOf } from "../../src/delivery/hold.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const minutes = (time: string) => Number(time.slice(0, 2)) * 60 + Number(time.slice(3));
const from = (begin: string, end: string, more = {}) => ({ from: minutes(begin), to: minutes(end), ...more });

/** What is decided at a moment about what was owed just now, or since then: as times of UTC. */
function held(settings: ChatSettings, now: string, owedSince = now): string {
  const hold = holdOf(settings, Date.parse(now), Date.parse(owedSince));
  return typeof hold === "string" ? hold : new Date(hold.untilMs).toISOString().replace(":00.000Z", "Z");
}

test("without quiet hours and a digest everything goes at once", () => {
  expect(held({}, "2026-11-01T00:00Z")).toBe("send");
  expect(held({ timeZone: "Asia/Tokyo" }, "2026-11-01T00:00Z")).toBe("send");
});

test("quiet hours over midnight hold news back until they end, and not a minute longer", () => {
  const settings = { timeZone: "Europe/Moscow", quiet: from("23:00", "08:00") };
  expect(held(settings, "2026-06-01T19:59:59Z")).toBe("send");
  expect(held(settings, "2026-06-01T20:00Z")).toBe("2026-06-02T05:00Z");
  expect(held(settings, "2026-06-02T04:59:59.999Z")).toBe("2026-06-02T05:00Z");
  expect(held(settings, "2026-06-02T05:00Z")).toBe("send");
});

test("quiet hours within a day end on the same day", () => {
  const settings = { timeZone: "Asia/Kolkata", quiet: from("13:00", "15:30") };
  expect(held(settings, "2026-06-01T07:29Z")).toBe("send");
  expect(held(settings, "2026-06-01T07:30Z")).toBe("2026-06-01T10:00Z");
});

test("silent hours hold nothing back", () => {
  const settings = { quiet: from("23:00", "08:00", { silent: true }) };
  expect(held(settings, "2026-06-01T21:00Z")).toBe("silent");
  expect(held(settings, "2026-06-01T12:00Z")).toBe("send");
});

test("a digest brings what was owed before it, however late it is looked at, and what comes after waits for the next", () => {
  const settings = { timeZone: "Europe/Moscow", digestAt: minutes("10:00") };
  expect(held(settings, "2026-06-01T06:30Z")).toBe("2026-06-01T07:00Z");
  expect(held(settings, "2026-06-01T07:00Z", "2026-05-31T07:00:01Z")).toBe("send");
  expect(held(settings, "2026-06-01T15:00Z", "2026-06-01T06:59Z")).toBe("send");
  expect(held(settings, "2026-06-01T07:00:01Z")).toBe("2026-06-02T07:00Z");
});

test("a digest within quiet hours comes when they end; within silent ones it comes silently", () => {
  const digestAt = minutes("02:00");
  expect(held({ digestAt, quiet: from("23:00", "08:00") }, "2026-06-01T12:00Z")).toBe("2026-06-02T05:00Z");
  const silent = { digestAt, quiet: from("23:00", "08:00", { silent: true }) };
  expect(held(silent, "2026-06-01T12:00Z")).toBe("2026-06-01T23:00Z");
  expect(held(silent, "2026-06-01T23:00Z", "2026-06-01T12:00Z")).toBe("silent");
});

test("what piled up for a digest waits for the end of quiet hours that began meanwhile", () => {
  const settings = { digestAt: minutes("20:00"), quiet: from("23:00", "08:00") };
  expect(held(settings, "2026-06-01T21:00Z", "2026-06-01T12:00Z")).toBe("2026-06-02T05:00Z");
});

test("a zone that nobody knows is Moscow", () => {
  const settings = { timeZone: "Mars/Olympus_Mons", quiet: from("23:00", "08:00") };
  expect(held(settings, "2026-06-01T21:00Z")).toBe("2026-06-02T05:00Z");
});

// https://www.iana.org/time-zones: Berlin goes from 02:00 to 03:00 on 29 March 2026, and from 03:00 to 02:00 on 25 October.
test.each([
  ["over the night when clocks go forward", from("23:00", "08:00"), "2026-03-28T22:30Z", "2026-03-29T06:00Z"],
  ["over the night when clocks go back", from("23:00", "08:00"), "2026-10-24T21:30Z", "2026-10-25T07:00Z"],
  ["that end in the hour which is left out", from("23:00", "02:30"), "2026-03-29T00:30Z", "2026-03-29T01:00Z"],
  ["that begin in the hour which is left out", from("02:30", "08:00"), "2026-03-29T01:00Z", "2026-03-29T06:00Z"],
  ["that end in the hour which comes twice", from("23:00", "02:30"), "2026-10-24T23:30Z", "2026-10-25T00:30Z"],
  ["that end in that hour, when it comes again", from("23:00", "02:30"), "2026-10-25T01:10Z", "2026-10-25T01:30Z"],
  ["around the hour which is left out", from("02:50", "02:10"), "2026-03-29T00:59Z", "2026-03-30T00:10Z"],
])("quiet hours %s", (_, quiet, now, until) => {
  expect(held({ timeZone: "Europe/Berlin", quiet }, now)).toBe(until);
});

test.each([
  ["the day after clocks go forward", "10:00", "2026-03-28T12:00Z", "2026-03-29T08:00Z"],
  ["the day after clocks go back", "10:00", "2026-10-24T12:00Z", "2026-10-25T09:00Z"],
  ["in the hour which is left out", "02:30", "2026-03-28T12:00Z", "2026-03-29T01:00Z"],
  ["in the hour which comes twice", "02:30", "2026-10-24T12:00Z", "2026-10-25T00:30Z"],
])("a digest %s", (_, digestAt, now, until) => {
  expect(held({ timeZone: "Europe/Berlin", digestAt: minutes(digestAt) }, now)).toBe(until);
});

test("clocks that change by half an hour, and places that are three quarters of an hour off", () => {
  // Lord Howe goes from 02:00 to 01:30 on 5 April 2026 and from 02:00 to 02:30 on 4 October.
  const quiet = from("22:00", "07:00");
  expect(held({ timeZone: "Australia/Lord_Howe", quiet }, "2026-04-04T12:00Z")).toBe("2026-04-04T20:30Z");
  expect(held({ timeZone: "Australia/Lord_Howe", quiet }, "2026-10-03T12:00Z")).toBe("2026-10-03T20:00Z");
  expect(held({ timeZone: "Asia/Kathmandu", quiet }, "2026-06-01T18:00Z")).toBe("2026-06-02T01:15Z");
});

/** Zones with all kinds of changes; what a place's clocks show is asked of Intl in another way than the code does. */
const ZONES = [
  ...["Europe/Moscow", "Europe/Berlin", "America/New_York", "America/St_Johns", "Asia/Kolkata", "Asia/Kathmandu"],
  ...["Australia/Lord_Howe", "Pacific/Chatham", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Africa/Casablanca"],
  ...["America/Sao_Paulo", "Asia/Tehran", "Africa/Cairo", "America/Havana", "Antarctica/Troll", "UTC"],
];

const swedish = new Map(
  ZONES.map((timeZone) => [timeZone, new Intl.DateTimeFormat("sv-SE", { timeStyle: "short", timeZone })]),
);
const clock = (timeZone: string, at: number) => minutes(swedish.get(timeZone)?.format(at) ?? "");

function isQuiet({ from, to }: { from: number; to: number }, minute: number): boolean {
  return (minute - from + 1_440) % 1_440 < (to - from + 1_440) % 1_440;
}

const time = fc.integer({ min: 0, max: 1_439 });
/** Of the days around a change of clocks somewhere there are many. */
const instant = fc.oneof(
  fc.integer({ min: Date.UTC(2024, 0), max: Date.UTC(2030, 0) }),
  fc
    .tuple(fc.constantFrom("2026-03-29", "2026-10-25", "2026-04-05", "2026-10-04", "2026-03-08", "2026-11-01"), time)
    .map(([date, minute]) => Date.parse(date) + (minute - 720) * MINUTE),
  fc.integer({ min: -12, max: 36 }).map((hours) => Date.UTC(2026, 2, 29, hours)),
);
/** Clocks are set by up to two hours, at Troll: there are three hours at least when news may come. */
const quietHours = fc
  .record({ from: time, length: fc.integer({ min: 1, max: 21 * 60 }), silent: fc.boolean() })
  .map(({ from, length, silent }) => ({ from, to: (from + length) % 1_440, length, silent }));
const cases = fc.record({
  timeZone: fc.constantFrom(...ZONES),
  quiet: fc.option(quietHours, { nil: undefined }),
  digestAt: fc.option(time, { nil: undefined }),
  now: instant,
  waitedMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 3 * DAY })),
});

test("whatever the place, the hours and the moment: never within quiet hours, never later than promised, and then it goes", () => {
  fc.assert(
    fc.property(cases, ({ now, waitedMs, ...settings }) => {
      const { timeZone, quiet, digestAt } = settings;
      const owedSince = now - waitedMs;
      const hold = holdOf(settings, now, owedSince);
      const at = typeof hold === "string" ? now : hold.untilMs;
      const quietAt = (at: number) => quiet !== undefined && isQuiet(quiet, clock(timeZone, at));
      const isHushed = quiet !== undefined && !quiet.silent;

      if (isHushed) expect(quietAt(at)).toBe(false);
      expect(holdOf(settings, at, owedSince)).toBe(quietAt(at) ? "silent" : "send");
      // A day has 25 hours when clocks go back; at Troll it has 26.
      const longest = (timeZone === "Antarctica/Troll" ? 26 : 25) * HOUR;
      const atMost = longest + (isHushed && digestAt !== undefined ? quiet.length * MINUTE : 0);
      expect(at - now).toBeLessThanOrEqual(atMost);
      if (at === now) return;
      expect(at % MINUTE).toBe(0);
      // No sooner than it must, and for a reason.
      if (digestAt === undefined) for (let t = now; t < at; t += 15 * MINUTE) expect(quietAt(t)).toBe(true);
      else expect(at - owedSince).toBeLessThanOrEqual(atMost + waitedMs);
    }),
    { numRuns: 5_000 },
  );
});

test("what was owed before a digest is told by it, and the digest keeps its hour", () => {
  fc.assert(
    fc.property(cases, ({ timeZone, digestAt = 0, now }) => {
      const hold = holdOf({ timeZone, digestAt }, now, now);
      const at = typeof hold === "string" ? now : hold.untilMs;
      const [before, shown] = [clock(timeZone, at - MINUTE), clock(timeZone, at)];
      if (shown === digestAt) return;
      // Clocks have just been set forward over it.
      const passed = (shown - before + 1_440) % 1_440;
      expect((digestAt - before + 1_440) % 1_440).toBeLessThan(passed);
      expect(passed).toBeLessThanOrEqual(121);
    }),
    { numRuns: 3_000 },
  );
});

test("deciding takes no time to speak of, on the days when clocks change too", () => {
  const settings = { timeZone: "Europe/Berlin", quiet: from("23:00", "08:00"), digestAt: minutes("09:00") };
  const started = performance.now();
  for (let n = 0; n < 2_000; n++) holdOf(settings, Date.UTC(2026, 2, 28, 20) + n * MINUTE, Date.UTC(2026, 2, 28));
  expect((performance.now() - started) / 2_000).toBeLessThan(0.5);
});
