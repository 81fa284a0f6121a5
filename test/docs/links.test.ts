import { existsSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { expect, test } from "vitest";
import packageJson from "../../package.json" with { type: "json" };
import { textOf } from "../deploy/deployed.ts";
import { root } from "../e2e/instance.ts";
import { anchorsOf, documentAt, documents, headingsOf, linksOf } from "./documents.ts";

const all = documents();
const names = (text: string, pattern: RegExp) => Array.from(text.matchAll(pattern), ([, name = ""]) => name);
/** What the bot reads, and what compose.yaml does. */
const settings = [...new Set(names(textOf("src/config.ts"), /\b(?:text|number|baseUrl)\("([A-Z_]+)"/g))].sort();
const known = new Set([...settings, ...names(textOf("compose.yaml"), /\$\{([A-Z_]+)/g)]);
/** What looks like a setting of ours: words of Telegram, of SQLite, of git and of tools. */
const NO_SETTINGS =
  /^(SQLITE_\w+|TOPIC_CLOSED|PEER_ID_INVALID|CHAT_\w*|ORIG_HEAD|NO_COLOR|COMPOSE_PROFILES|NODE_\w+|INIT_CWD|MAX_\w+_MS)$/;

test.each(all)("what $path links to is there", (document) => {
  const missing = linksOf(document).filter((link) => {
    if (/^(https?|mailto):/.test(link)) return false;
    const [file = "", anchor] = decodeURIComponent(link).split("#");
    const path = file === "" ? document.path : normalize(join(dirname(document.path), file));
    if (!existsSync(join(root, path))) return true;
    return anchor !== undefined && !(path.endsWith(".md") && anchorsOf(documentAt(path)).has(anchor));
  });
  expect(missing).toEqual([]);
});

test.each(all)("the scripts of npm that $path names exist", ({ text }) => {
  const scripts = names(text, /\bnpm run (?:--silent )?(\w[\w:]*(?:-\w+)*)/g);
  expect(scripts.filter((name) => !(name in packageJson.scripts))).toEqual([]);
});

test.each(all)("the settings that $path names exist", ({ text }) => {
  const code = [...names(text, /^```\w*\n(.*?)^```$/gms), ...names(text, /`([^`\n]+)`/g)].join("\n");
  const named = names(code, /(?<![\w$./-])([A-Z]+(?:_[A-Z]+)+)(?![\w(])/g);
  expect([...new Set(named)].filter((name) => !known.has(name) && !NO_SETTINGS.test(name))).toEqual([]);
});

test("README.md and .env.example tell of every setting that is read, and of no other", () => {
  const rows = textOf("README.md")
    .split("\n")
    .filter((line) => /^\| `[A-Z]/.test(line));
  const inReadme = rows.flatMap((row) => names(row.split("|")[1] ?? "", /`(\w+)`/g));
  expect(inReadme.sort()).toEqual(settings);
  expect(names(textOf(".env.example"), /^#?([A-Z_]+)=/gm).sort()).toEqual(settings);
});

test("every document can be found from README.md", () => {
  const reached = new Set<string>();
  const visit = (path: string) => {
    if (reached.has(path) || !path.endsWith(".md") || !existsSync(join(root, path))) return;
    reached.add(path);
    for (const link of linksOf(documentAt(path))) visit(normalize(join(dirname(path), link.split("#")[0] ?? "")));
  };
  visit("README.md");
  const inFolders = ["docs/decisions/"]; // linked to as a folder
  expect(
    all.map(({ path }) => path).filter((path) => !reached.has(path) && !inFolders.some((f) => path.startsWith(f))),
  ).toEqual([]);
});

test("README.ru.md says what README.md says: the same parts, commands, settings and links", () => {
  const [english, russian] = [documentAt("README.md"), documentAt("README.ru.md")];
  const shape = (document: typeof english) => ({
    levels: headingsOf(document).map(({ level }) => level),
    commands: names(document.text, /^```\w*\n(.*?)^```$/gms).map((block) =>
      block.replace(/\s*#.*$/gm, "").replace(/<[^>]+>/g, "<>"),
    ),
    code: [...new Set(names(document.prose, /`([^`\n]+)`/g).filter((code) => !code.includes("<")))].sort(),
    rows: document.prose.split("\n").filter((line) => line.startsWith("|")).length,
    links: linksOf(document)
      .filter((link) => !link.startsWith("#") && !/^README/.test(link))
      .map((link) => link.replace(/-(en|ru)\.png$/, ".png"))
      .sort(),
  });
  expect(shape(russian)).toEqual(shape(english));
  expect(linksOf(english)).toContain("README.ru.md");
  expect(linksOf(russian)).toContain("README.md");
});
