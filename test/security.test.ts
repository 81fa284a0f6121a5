import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "..");
const text = readFileSync(join(root, "SECURITY.md"), "utf8");

test("the files that the threat model speaks of are there, and each row of it names its tests", () => {
  const table = (text.split("| who | to | what they may try |")[1] ?? "").split("\n\n")[0] ?? "";
  const rows = table
    .split("\n")
    .slice(2)
    .map((row) => row.split("|").map((cell) => cell.trim()));
  expect(rows.length).toBeGreaterThan(15);
  for (const row of rows) {
    const named = Array.from(row[5]?.matchAll(/`([^`]+)`/g) ?? [], ([, name = ""]) => name);
    expect(named, row[3]).not.toEqual([]);
    const there = named
      .map((name) => name.replace(/\/\*$/, ""))
      .filter((name) => existsSync(join(root, "test", name)) || existsSync(join(root, "test", `${name}.test.ts`)));
    expect(there.length, named.join()).toBe(named.length);
  }
  for (const [, path = ""] of text.matchAll(/`(src\/[^`]+)`/g)) expect(existsSync(join(root, path)), path).toBe(true);
  for (const [, path = ""] of text.matchAll(/\]\(([^)#:]+)[)#]/g))
    expect(existsSync(join(root, path)), path).toBe(true);
});
