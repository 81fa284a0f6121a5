import { readFile } from "node:fs/promises";
import { arch, cpus, loadavg, platform, totalmem } from "node:os";
import { createClient } from "@libsql/client";

/** What the figures depend on besides the code: a name and a value each. Says nothing of who or where. */
export type Setting = {
  machine: [string, string][];
  versions: [string, string][];
  /** Other programs keep half of the machine busy, or more. */
  isBusy: boolean;
};

/** To be asked for before anything is measured: how busy the machine is counts too. */
export async function readSetting(): Promise<Setting> {
  const processors = cpus();
  const [load = 0] = loadavg();
  return {
    isBusy: load >= processors.length / 2,
    machine: [
      ["processors", `${processors.length} × ${processors[0]?.model.trim() || "unknown"}`],
      ["memory", `${(totalmem() / 1e9).toFixed(0)} GB`],
      ["system", `${platform()} ${arch()}`],
      ["processors busy in the minute before", load.toFixed(1)],
    ],
    versions: [
      ["Node", process.versions.node],
      ["V8", process.versions.v8],
      ["SQLite in libsql", await sqliteVersion()],
      ...(await installedVersions()),
    ],
  };
}

async function sqliteVersion(): Promise<string> {
  const client = createClient({ url: ":memory:" });
  const { rows } = await client.execute("SELECT sqlite_version()");
  client.close();
  return String(rows[0]?.[0]);
}

/** Of everything that the bot runs on. */
async function installedVersions(): Promise<[string, string][]> {
  const { dependencies } = await manifest("../package.json");
  const names = Object.keys(dependencies ?? {});
  return await Promise.all(
    names.map(
      async (name): Promise<[string, string]> => [
        name,
        (await manifest(`../node_modules/${name}/package.json`)).version,
      ],
    ),
  );
}

type Manifest = { version: string; dependencies?: Record<string, string> };

async function manifest(path: string): Promise<Manifest> {
  return JSON.parse(await readFile(new URL(path, import.meta.url), "utf8"));
}
