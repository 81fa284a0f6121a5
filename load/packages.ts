import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const FOLDER = import.meta.dirname;

type Lock = { packages?: Record<string, { version?: string; integrity?: string; optional?: boolean }> };

/** What of a lock is not installed as it says, by path; npm notes what it has installed in a lock of its own. */
export function missingOf(lock: Lock, installed: Lock | undefined): string[] {
  return Object.entries(lock.packages ?? {})
    .filter(([path, { version, integrity, optional }]) => {
      const own = installed?.packages?.[path];
      if (path === "" || (own === undefined && optional === true)) return false;
      return own?.version !== version || own?.integrity !== integrity;
    })
    .map(([path]) => path);
}

/**
 * Installs Artillery's core, which is no package of Wishbell's own, unless it is there as the lock says.
 * @throws an error that says what to do when npm fails
 */
export async function installPackages(say: (line: string) => void, signal: AbortSignal): Promise<void> {
  const lock = readLock("package-lock.json");
  const missing = missingOf(lock ?? {}, readLock("node_modules/.package-lock.json"));
  if (lock !== undefined && missing.length === 0) return;
  say(`Installing what only the load test needs into load/node_modules (npm ci, 40 MB, about 10 s)…`);
  const started = performance.now();
  // No install scripts: none is needed, and what is not run need not be trusted.
  const npm = spawn("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], {
    ...{ cwd: FOLDER, stdio: "inherit", signal },
  });
  const [code] = await once(npm, "exit");
  if (code !== 0) {
    throw new Error(
      "The load test's packages cannot be installed. Is npm's registry reached? Try: npm ci --prefix load",
    );
  }
  say(`Installed in ${((performance.now() - started) / 1000).toFixed(0)} s.`);
}

function readLock(path: string): Lock | undefined {
  try {
    return JSON.parse(readFileSync(join(FOLDER, path), "utf8"));
  } catch {
    return undefined;
  }
}
