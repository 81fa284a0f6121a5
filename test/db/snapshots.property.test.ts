import fc from "fast-check";
import { expect, test } from "vitest";
import { history, listed, look, tracked, wish } from "./story.ts";
import { testDb } from "./test-db.ts";

/** The rules in the plainest words: what is listed, what each look must announce, what is removed. */
function model(baseline: string[]) {
  const ever = new Set(baseline);
  const missed = new Map(baseline.map((id) => [id, 0]));
  return {
    look(seen: string[]): string[] {
      const added = seen.filter((id) => !ever.has(id));
      for (const id of seen) {
        ever.add(id);
        missed.set(id, 0);
      }
      for (const [id, times] of missed) if (!seen.includes(id)) missed.set(id, times + 1);
      const missing = [...missed.values()].filter((times) => times > 0).length;
      const shrunk = missing * 10 > missed.size * 3;
      // Minutes of emptiness are another test's: here nothing is old enough.
      if (missing < missed.size) for (const [id, times] of missed) if (times >= (shrunk ? 3 : 2)) missed.delete(id);
      return added;
    },
    listed: () => [...missed.keys()].sort().join(""),
  };
}

const snapshot = fc.uniqueArray(fc.constantFrom(..."abcdefghij"), { maxLength: 10 });

test("over any history of complete looks, news and removals are those of the plain rules", async () => {
  await using db = await testDb();
  let n = 0;
  await fc.assert(
    fc.asyncProperty(snapshot, fc.array(snapshot, { minLength: 1, maxLength: 8 }), async (baseline, looks) => {
      const streamer = await tracked(
        db,
        ++n,
        `streamer${n}`,
        baseline.map((id) => wish(id)),
      );
      const plain = model(baseline);
      const announced: string[] = [];
      for (const seen of looks) {
        const news = plain.look(seen);
        announced.push(...news.map((id) => `added:${id}`));
        expect(
          await look(
            db,
            streamer,
            seen.map((id) => wish(id)),
          ),
        ).toBe(news.length);
        expect(await listed(db, streamer)).toBe(plain.listed());
      }
      expect((await history(db, streamer)).filter((event) => event.startsWith("added"))).toEqual(announced);
    }),
    { numRuns: 60 },
  );
});
