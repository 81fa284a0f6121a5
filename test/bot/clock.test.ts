import { expect, test } from "vitest";
import { clockTime, moment, offsetOf, recentDay, someDay, zoneOf } from "../../src/bot/clock.ts";
import { ZONES } from "../../src/bot/zones.ts";

const MOSCOW = "Europe/Moscow";
const at = (time: string) => Date.parse(time);

test("days are told in words while they are near, in the calendar of the chat", () => {
  const now = at("2026-10-05T00:30:00+03:00");
  const day = (time: string) => recentDay("ru", at(time), now, MOSCOW);
  expect(day("2026-10-05T00:10:00+03:00")).toBe("сегодня");
  expect(day("2026-10-04T23:50:00+03:00")).toBe("вчера");
  expect(day("2026-10-03T23:50:00+03:00")).toBe("3 октября");
  expect(day("2025-12-31T23:50:00+03:00")).toBe("31 декабря 2025 г.");
  expect(recentDay("en", at("2026-10-04T23:50:00+03:00"), now, MOSCOW)).toBe("yesterday");
  expect(recentDay("ru", at("2026-10-04T23:50:00+03:00"), now, "Asia/Kamchatka")).toBe("сегодня");
  expect(someDay("ru", now, now, MOSCOW)).toBe("5 октября");
});

test("a moment has the hour of the chat's zone", () => {
  const now = at("2026-10-05T12:00:00Z");
  expect(moment("ru", at("2026-10-06T11:30:00Z"), now, MOSCOW)).toBe("6 октября в 14:30");
  expect(moment("en", at("2026-10-06T21:05:00Z"), now, MOSCOW)).toBe("October 7 at 00:05");
  expect(moment("ru", at("2027-01-06T11:30:00Z"), now, MOSCOW)).toContain("2027");
});

test("every zone that can be chosen is one that Intl knows, once, and Moscow is the default", () => {
  for (const { zone } of ZONES) expect(zoneOf({ timeZone: zone })).toBe(zone);
  expect(new Set(ZONES.map(({ zone }) => zone)).size).toBe(ZONES.length);
  expect(zoneOf({})).toBe(MOSCOW);
  expect(zoneOf({ timeZone: "Mars/Olympus" })).toBe(MOSCOW);
});

test("offsets are those of the day", () => {
  const berlin = (time: string) => offsetOf("Europe/Berlin", at(time));
  expect([berlin("2026-01-01"), berlin("2026-07-01")]).toEqual(["UTC+1", "UTC+2"]);
  expect(offsetOf("Asia/Kolkata", 0)).toBe("UTC+5:30");
  expect([0, 570, 1_439].map(clockTime)).toEqual(["0:00", "9:30", "23:59"]);
});
