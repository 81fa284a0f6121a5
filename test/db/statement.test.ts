import { expect, test } from "vitest";
import { isRead, toStatement } from "../../src/db/statement.ts";

test.each([
  "SELECT 1",
  "  \n select count(*) from items",
  "EXPLAIN QUERY PLAN SELECT 1",
  "WITH a AS (SELECT 1) SELECT * FROM a",
  "with recursive n(i) as (select 1 union all select i + 1 from n where i < 9) select i from n",
])("%s only reads", (sql) => {
  expect(isRead({ sql })).toBe(true);
});

test.each([
  "INSERT INTO a VALUES (1)",
  "update a set b = (select 1)",
  "DELETE FROM a RETURNING *",
  "REPLACE INTO a VALUES (1)",
  "WITH a AS (SELECT 1) INSERT INTO b SELECT * FROM a",
  "with a as (select 1)\ndelete from b where c in a returning c",
  "WITH a AS (SELECT 1) UPDATE b SET c = 1",
  "CREATE TABLE selected (a)",
  "BEGIN",
  "PRAGMA journal_mode",
  "VACUUM",
])("%s is a write", (sql) => {
  expect(isRead({ sql })).toBe(false);
});

test.each(["-- a comment\nSELECT 1", "/* or two */ SELECT 1", "WITH a AS (SELECT 'delete') SELECT 1 FROM a", ""])(
  "%j is taken for a write, to be on the safe side",
  (sql) => {
    expect(isRead({ sql })).toBe(false);
  },
);

test("whole numbers, booleans and dates become bigints, everything else stays", () => {
  const bytes = new Uint8Array([1]);
  const given = [7, -3, 0.5, "7", null, true, false, new Date(1000), 2n, bytes, 2 ** 60];
  expect(toStatement("?", given).args).toEqual([7n, -3n, 0.5, "7", null, 1n, 0n, 1000n, 2n, bytes, 2 ** 60]);
  expect(toStatement({ sql: "?", args: { a: 1 } }).args).toEqual({ a: 1n });
  expect(toStatement(["?", [1]]).args).toEqual([1n]);
});
