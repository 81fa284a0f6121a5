import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { expect, test } from "vitest";

const SRC = join(import.meta.dirname, "../src");

/** What each folder may import besides itself, as a path that begins so. Types may be named anywhere but in db. */
const ALLOWED: Record<string, string[]> = {
  db: [],
  bot: ["db/", "checker/sources/"],
  checker: ["db/"],
  delivery: ["db/"],
  http: [],
};

const files = readdirSync(SRC, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));

test.each(Object.keys(ALLOWED))("src/%s imports only what it may", (folder) => {
  const astray: string[] = [];
  for (const file of files.filter((file) => file.startsWith(`${folder}/`))) {
    const text = readFileSync(join(SRC, file), "utf8");
    for (const [, type, path = ""] of text.matchAll(/^(?:import|export) (type )?[^;]*?from "(\.[^"]+)";/gms)) {
      const target = relative(SRC, join(SRC, dirname(file), path));
      const isOwn = target.startsWith(`${folder}/`);
      const isAllowed = ALLOWED[folder]?.some((start) => target.startsWith(start));
      if (!isOwn && !isAllowed && (type === undefined || folder === "db")) astray.push(`${file} imports ${target}`);
    }
  }
  expect(astray).toEqual([]);
});

test("nobody imports node:http, which would load fetch and WebSocket at the start", () => {
  const importers = files.filter((file) =>
    /^import (?!type )[^;]*from "node:http"/m.test(readFileSync(join(SRC, file), "utf8")),
  );
  expect(importers).toEqual([]);
});
