import { expect, test } from "vitest";
import { kindOf } from "../../src/bot/updates.ts";

test("an update is of one of five kinds, whatever it has in it", () => {
  expect(kindOf({ update_id: 1, message: {} })).toBe("message");
  expect(kindOf({ evil_1: 1, update_id: 1, callback_query: {} })).toBe("callback_query");
  expect(kindOf({ update_id: 1, anything: {} })).toBe("other");
  expect(kindOf(JSON.parse('{"update_id":1,"__proto__":{"message":{}}}'))).toBe("other");
});
