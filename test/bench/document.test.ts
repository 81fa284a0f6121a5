import { hostname, userInfo } from "node:os";
import { expect, test } from "vitest";
import { renderDocument, renderSection } from "../../bench/document.ts";
import type { Aim, Section } from "../../bench/section.ts";
import { readSetting } from "../../bench/setting.ts";

const section = (aims: Aim[], changes: Partial<Section> = {}): Section => ({
  title: "Whistling",
  method: "A kettle whistles.",
  tables: [{ caption: "By size", columns: ["kettle", "loudness"], rows: [["small", "3 dB (1×)"]] }],
  aims,
  ...changes,
});
const met: Aim = { aim: "loud enough", measured: "3 dB", isMet: true };
const missed: Aim = { aim: "never ≤ 1 dB", measured: "0.5 dB", isMet: false };
const render = (sections: Section[], isBusy = false) =>
  renderDocument(
    sections,
    { machine: [["processors", "2 × Abacus"]], versions: [["Node", "24.0.0"]], isBusy },
    { date: new Date("2025-03-04T23:00:00Z"), minutes: 5.25 },
  );

test("an aim that is missed is said to be missed, where the aims are and in its section", () => {
  const text = render([section([met, missed])]);
  expect(text).toContain("1 of 2 are **missed**.");
  expect(text).toMatch(/\| Whistling +\| never ≤ 1 dB +\| 0\.5 dB +\| \*\*missed\*\* +\|/);
  expect(text).toMatch(/\| Whistling +\| loud enough +\| 3 dB +\| met +\|/);
  expect(text).toContain("- never ≤ 1 dB: 0.5 dB, **missed**");
});

test("nothing is said to be missed when all aims are met", () => {
  const text = render([section([met]), section([], { title: "Humming" })]);
  expect(text).toContain("All 1 are met.");
  expect(text).not.toContain("**missed**");
});

test("the document has the date, the machine, the versions, and every section with its tables", () => {
  const text = render([section([met]), section([], { title: "Humming" })]);
  expect(text).toContain("on 2025-03-04");
  expect(text).toMatch(/\| processors \| 2 × Abacus \|/);
  expect(text).toMatch(/\| Node +\| 24\.0\.0 \|/);
  expect(text).toContain("## Whistling\n\nA kettle whistles.\n\nBy size:\n\n| kettle | loudness  |");
  expect(text).toContain("## Humming");
});

test("figures of a machine that was busy with other work are marked", () => {
  expect(render([section([met])], true)).toContain("was busy with other work");
  expect(render([section([met])])).not.toContain("was busy with other work");
});

test("a cell cannot break its table, and prose keeps to the width of a page", () => {
  const text = renderSection(
    section([], {
      method: "word ".repeat(100),
      tables: [{ caption: "By size", columns: ["a", "b"], rows: [["x | y"]] }],
    }),
  );
  expect(text).toContain("| x \\| y |     |");
  expect(text.split("\n").every((line) => line.length <= 120)).toBe(true);
});

test("the setting is read from what is installed, and says nothing of who or where", async () => {
  const { machine, versions } = await readSetting();
  const names = versions.map(([name]) => name);
  expect(names).toEqual(expect.arrayContaining(["Node", "SQLite in libsql", "grammy", "undici", "@libsql/client"]));
  for (const [, version] of versions) expect(version).toMatch(/^\d+\.\d+/);
  const text = JSON.stringify({ machine, versions });
  expect(text).not.toContain(process.cwd());
  expect(text).not.toContain(hostname());
  expect(text).not.toContain(`"${userInfo().username}"`);
});
