/** The event loop stood still: for how long at least, and how much of that its thread was computing, in ms. */
export type Standstill = { ms: number; cpuMs: number };

export type StandstillOptions = {
  /** Told 20 times a second how late the event loop is, in seconds. */
  delayed: (seconds: number) => void;
  /** Told when it stood still for half a second or longer. */
  stood: (standstill: Standstill) => void;
};

/** What stands still for twice as long surely shows. Waking up 20 times a second costs 0.1 to 0.4 % of a core. */
const SAMPLE_MS = 50;
const STANDSTILL_MS = 500;

/**
 * Watches how late the event loop runs what is due: a standstill shows as its length, or up to 50 ms less. When the
 * thread was computing meanwhile, it was our own work; when not, the machine did not let it run, or it waited for a disk.
 */
export function watchEventLoop({ delayed, stood }: StandstillOptions): Disposable {
  let last = performance.now();
  let lastCpu = cpuMs();
  const timer = setInterval(() => {
    const [now, cpu] = [performance.now(), cpuMs()];
    const ms = Math.max(0, now - last - SAMPLE_MS);
    delayed(ms / 1000);
    if (ms >= STANDSTILL_MS) stood({ ms: Math.round(ms), cpuMs: Math.round(cpu - lastCpu) });
    [last, lastCpu] = [now, cpu];
  }, SAMPLE_MS).unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/** Of this thread alone: garbage is collected, and TypeScript compiled, on others too. */
function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
