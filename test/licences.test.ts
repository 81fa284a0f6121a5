import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import packageJson from "../package.json" with { type: "json" };

type Package = {
  version: string;
  license?: string;
  integrity?: string;
  resolved?: string;
  link?: boolean;
  dev?: boolean;
  hasInstallScript?: boolean;
};

const root = join(import.meta.dirname, "..");
const lockOf = (folder: string) => {
  const text = readFileSync(join(root, folder, "package-lock.json"), "utf8");
  const { packages } = JSON.parse(text) as { packages: Record<string, Package> };
  return Object.entries(packages).filter(([path]) => path !== "");
};

/** What may be handed on together with MIT, asking for no more than its notice. */
const LICENCES = new Set([
  "MIT",
  "MIT-0",
  "ISC",
  "0BSD",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "Apache-2.0",
  "BlueOak-1.0.0",
]);
/** May run code of their own while they are installed: none that is needed to run the bot. */
const SCRIPTS = new Set(["esbuild", "fsevents"]);

const nameOf = (path: string) => path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
const production = lockOf(".").filter(([, { dev }]) => !dev);

test("what the bot runs with may be handed on under its own licence", () => {
  expect(production.length).toBeGreaterThan(50);
  const others = production.filter(([, { license }]) => !LICENCES.has(license ?? ""));
  expect(others.map(([path, { license }]) => `${nameOf(path)}: ${license}`)).toEqual([]);
});

test("the licences in the lock file are those that the packages have", () => {
  const differing = production.flatMap(([path, { license }]) => {
    const file = join(root, path, "package.json");
    if (!existsSync(file)) return []; // for another system
    const own = (JSON.parse(readFileSync(file, "utf8")) as { license?: unknown }).license;
    return own === license ? [] : [`${nameOf(path)}: ${own} instead of ${license}`];
  });
  expect(differing).toEqual([]);
});

test("nothing that the bot runs with has an install script, and of the tools those that are known", () => {
  const scripted = lockOf(".").filter(([, { hasInstallScript }]) => hasInstallScript);
  expect(scripted.filter(([, { dev }]) => !dev)).toEqual([]);
  expect(scripted.map(([path]) => nameOf(path)).filter((name) => !SCRIPTS.has(name))).toEqual([]);
});

test.each([".", "load"].filter((folder) => existsSync(join(root, folder, "package-lock.json"))))(
  "each package of %s is fixed by its checksum, and comes from whichever registry npm is set to",
  (folder) => {
    const unsure = lockOf(folder).filter(
      ([, { integrity, resolved, link }]) => link || !/^sha512-/.test(integrity ?? "") || resolved !== undefined,
    );
    expect(unsure.map(([path]) => path)).toEqual([]);
  },
);

test("tools are exact; what the bot runs with may grow within a major version, and Node is exact", () => {
  const { dependencies, devDependencies, optionalDependencies } = packageJson;
  const exact = /^\d+\.\d+\.\d+$/;
  for (const [name, range] of Object.entries({ ...devDependencies, ...optionalDependencies })) {
    expect(range, name).toMatch(exact);
  }
  for (const [name, range] of Object.entries(dependencies)) expect(range, name).toMatch(/^\^\d+\.\d+\.\d+$/);
});
