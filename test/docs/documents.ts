import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../e2e/instance.ts";

export type Document = {
  /** Within the repository. */
  path: string;
  text: string;
  /** Without what is in blocks of code, where nothing is a link or a heading. */
  prose: string;
};

/** Every document of the repository. */
export function documents(): Document[] {
  const paths = globSync("**/*.md", { cwd: root, exclude: ["**/node_modules", ".git"] });
  return paths.sort().map((path) => documentAt(path));
}

export function documentAt(path: string): Document {
  const text = readFileSync(join(root, path), "utf8");
  return { path, text, prose: text.replace(/^```.*?^```$/gms, "") };
}

/** Where its links and pictures lead. */
export function linksOf({ prose }: Document): string[] {
  const withoutCode = prose.replace(/`[^`\n]*`/g, "");
  return Array.from(withoutCode.matchAll(/\]\(([^()\s]+)\)/g), ([, target = ""]) => target);
}

export type Heading = { level: number; text: string };

export function headingsOf({ prose }: Document): Heading[] {
  return Array.from(prose.matchAll(/^(#+) (.+)$/gm), ([, signs = "", text = ""]) => ({ level: signs.length, text }));
}

/** The names by which parts of a document are linked to, as GitHub and GitLab make them of its headings. */
export function anchorsOf(document: Document): Set<string> {
  const anchors = new Set<string>();
  for (const { text } of headingsOf(document)) {
    const words = text.replace(/\[([^\]]+)\]\([^)]*\)/g, "$1").toLowerCase();
    const slug = words.replace(/[^\p{L}\p{N}\s_-]/gu, "").replaceAll(" ", "-");
    let anchor = slug;
    for (let n = 1; anchors.has(anchor); n++) anchor = `${slug}-${n}`;
    anchors.add(anchor);
  }
  return anchors;
}
