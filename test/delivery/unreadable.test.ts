import { expect, test } from "vitest";
import { renderNews } from "../../src/bot/notification.ts";
import { loadTexts } from "../../src/bot/texts.ts";
import { newsFor } from "../../src/db/news.ts";
import { sql } from "../../src/db/orm.ts";
import { batch } from "../../src/db/sql.ts";
import { tellUnreadable } from "../../src/db/streamers.ts";
import { owed, tracked, wishes } from "../db/story.ts";
import { testDb } from "../db/test-db.ts";

test.each([
  ["not_found", "страницы нет"],
  ["private", "вишлист скрыт"],
  ["too_long", "не прочитать"],
  ["unreachable", "фетта его не отдаёт"],
])("a list that is %s for days is told once, in words of its own", async (outcome, words) => {
  await using db = await testDb();
  const orm = db.for("test");
  const ann = await tracked(db, 1, "Ann", wishes("a"));
  await batch(orm, tellUnreadable(orm, ann, outcome));
  await batch(orm, tellUnreadable(orm, ann, outcome));
  expect(await owed(db)).toEqual([1]);
  const [row] = await orm.all<{ number: number }>(sql`SELECT check_number AS number FROM outbox`);
  const [news] = await newsFor(orm, [{ chatId: 1, streamerId: ann, checkNumbers: [row?.number ?? 0] }], 10);
  const message = news && renderNews(loadTexts(), news);
  expect(message?.plain).toContain(words);
  expect(message?.html).toContain('<a href="https://fetta.app/u/Ann">Ann</a>');
});
