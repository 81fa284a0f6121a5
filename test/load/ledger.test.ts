import { expect, test } from "vitest";
import { createLedger, createNews, fullestSecond } from "../../load/ledger.ts";

test("who asks is owed one answer for each update that was sent", () => {
  const ledger = createLedger();
  ledger.owe(7, 0);
  ledger.owe(7, 1);
  ledger.owe(8, 2);
  expect([ledger.owed(3), ledger.open(3)]).toEqual([3, 3]);
  // The last update has not been sent: nobody waits for its answer.
  expect([ledger.owed(2), ledger.open(2)]).toEqual([2, 2]);
  ledger.came(7);
  expect(ledger.open(2)).toBe(1);
  ledger.came(7);
  ledger.came(7);
  expect([ledger.open(2), ledger.open(3)]).toEqual([0, 1]);
});

test("news is told once to each, and what comes twice is counted", () => {
  const news = createNews([1, 2]);
  news.tell(9, 100);
  expect([news.told(), news.firstAt()]).toEqual([0, undefined]);
  news.tell(1, 200);
  news.tell(1, 300);
  expect([news.told(), news.repeated(), news.lastAt()]).toEqual([1, 1, 200]);
  news.tell(2, 400);
  expect([news.told(), news.repeated(), news.firstAt(), news.lastAt()]).toEqual([2, 1, 200, 400]);
});

test("the fullest second may begin at any moment", () => {
  expect(fullestSecond([])).toBe(0);
  expect(fullestSecond([0, 900, 950, 1_000, 1_899, 1_900])).toBe(4);
});
