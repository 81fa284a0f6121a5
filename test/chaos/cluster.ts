import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Instance, type Launched, type LogLine, launchBot, whenUp } from "../e2e/instance.ts";
import type { Finding } from "./history.ts";

/** The place of one instance: when its process ends, another takes its place. */
export type Slot = {
  n: number;
  launched?: Launched;
  /** Present while it is up, and nobody has asked it to end. */
  instance?: Instance;
  /** It stands still. */
  isFrozen: boolean;
  /** Its end was asked for. */
  isEnding: boolean;
};

export type ClusterOptions = {
  count: number;
  env: Record<string, string>;
  /** Told of every line that an instance logs, and which instance it is. */
  logged: (line: LogLine, instance: number) => void;
};

export type Cluster = ReturnType<typeof createCluster>;

const RESTART_MS = 200;
const HARVEST_MS = 200;
/** A stop takes 24 s at most (src/stop.ts). */
const STOP_MS = 30_000;

/** Instances as `npm start` runs them, on one database. Whatever ends one, it is started again until the cluster closes. */
export function createCluster({ count, env, logged }: ClusterOptions) {
  const slots = Array.from({ length: count }, (_, n): Slot => ({ n: n + 1, isFrozen: false, isEnding: false }));
  const logs: { slot: number; launched: Launched; read: number }[] = [];
  const findings: Finding[] = [];
  let isClosing = false;
  const harvesting = setInterval(harvest, HARVEST_MS);
  const keeping = slots.map(keep);

  function harvest() {
    for (const log of logs) {
      const fresh = log.launched.lines.slice(log.read);
      log.read += fresh.length;
      for (const line of fresh) logged(line, log.slot);
    }
  }

  async function keep(slot: Slot): Promise<void> {
    const find = (what: string) => findings.push({ what: `instance ${slot.n} ${what}`, at: Date.now() });
    while (!isClosing) {
      const launched = launchBot(env);
      logs.push({ slot: slot.n, launched, read: 0 });
      Object.assign(slot, { launched, isEnding: false, isFrozen: false });
      slot.instance = await whenUp(launched).catch(() => undefined);
      // A machine that is busy with other things may take its time.
      if (slot.instance === undefined && launched.child.exitCode === null && !slot.isEnding) end(slot, "SIGKILL");
      const code = await launched.ended;
      delete slot.instance;
      if (!slot.isEnding) find(`ended by itself with ${code}`);
      else if (code !== 0 && code !== "SIGKILL") find(`ended with ${code} when it was stopped`);
      if (launched.errors() !== "") find(`wrote to stderr: ${launched.errors().slice(0, 500)}`);
      // Finds fault with a token in what it printed.
      await Promise.try(() => launched[Symbol.asyncDispose]()).catch((error: unknown) => find(String(error)));
      await sleep(isClosing ? 0 : RESTART_MS);
    }
  }

  function end(slot: Slot, signal: "SIGKILL" | "SIGTERM") {
    slot.isEnding = true;
    delete slot.instance;
    slot.launched?.child.kill(signal);
  }

  const freeze = (slot: Slot, isFrozen: boolean) => {
    // Another process may have its place by now.
    if (slot.isFrozen === isFrozen) return;
    slot.isFrozen = isFrozen;
    slot.launched?.child.kill(isFrozen ? "SIGSTOP" : "SIGCONT");
  };

  async function close(signal: "SIGKILL" | "SIGTERM") {
    isClosing = true;
    for (const slot of slots) {
      freeze(slot, false);
      end(slot, signal);
    }
    const late = setTimeout(() => {
      for (const slot of slots.filter(({ launched }) => launched?.child.exitCode === null)) {
        findings.push({ what: `instance ${slot.n} did not stop within ${STOP_MS} ms` });
        end(slot, "SIGKILL");
      }
    }, STOP_MS);
    await Promise.all(keeping);
    clearTimeout(late);
    clearInterval(harvesting);
    harvest();
  }

  return {
    slots,
    /** What the instances did that they must not. */
    findings,
    /** Those that are up and run. */
    running: () => slots.filter(({ instance, isFrozen }) => instance !== undefined && !isFrozen),
    kill: (slot: Slot) => end(slot, "SIGKILL"),
    /** Asks an instance to stop; it goes on for a while. */
    terminate: (slot: Slot) => end(slot, "SIGTERM"),
    freeze: (slot: Slot) => freeze(slot, true),
    thaw: (slot: Slot) => freeze(slot, false),
    /** Ends all of them for good: `SIGTERM` in an orderly way, which must go well, `SIGKILL` at once. */
    close,
    /** What each process has printed, as files in a folder. */
    async saveLogs(folder: string) {
      for (const [n, { slot, launched }] of logs.entries()) {
        const lines = launched.lines.map((line) => JSON.stringify(line));
        await writeFile(join(folder, `instance-${slot}-${n + 1}.log`), `${lines.join("\n")}\n${launched.errors()}`);
      }
    },
  };
}
