/**
 * Runs the checker's own scheduling code on a simulated clock against synthetic populations, and against uniform
 * polling, three fixed priorities, and the optimum that knows the true rates. All have the same budget and limits.
 * Prints the mean and the 95th percentile of the delay from an item's appearance to the look that finds it, weighted by
 * subscribers. Exits 1 when the aims are missed.
 */
import {
  FORGET_MS,
  forget,
  type Limits,
  type Plan,
  periodOf,
  planSchedule,
  type Watched,
} from "../src/checker/schedule.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** Nobody is known at first; what the first month teaches is not counted. */
const WARM_UP = 30 * DAY;
const END = 90 * DAY;
const REPLAN = DAY;
/** Habits change: every fortnight a streamer's rate is drawn anew around its own mean. */
const REGIME = 14 * DAY;

const AIMS = { overOptimum: 1.15, gainShare: 0.8, flat: 1.01 };

/** A small generator with a seed (mulberry32): the same populations on every machine. */
function random(seed: number) {
  let state = seed >>> 0;
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
  const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  return {
    uniform,
    exponential: () => -Math.log(1 - uniform()),
    lognormal: (sigma: number) => Math.exp(sigma * normal() - sigma ** 2 / 2),
  };
}

type Streamer = { weight: number; cost: number; rates: number[]; arrivals: number[] };

function populate(size: number, seed: number, flat: boolean): Streamer[] {
  const chance = random(seed * 7_919 + size);
  const ranks = Array.from({ length: size }, (_, n) => n + 1).sort(() => chance.uniform() - 0.5);
  return ranks.map((rank) => {
    const mean = (flat ? 1 : chance.lognormal(1)) / (3 * DAY);
    const rates = Array.from({ length: Math.ceil(END / REGIME) }, () => (flat ? mean : mean * chance.lognormal(0.5)));
    const arrivals: number[] = [];
    for (const [n, rate] of rates.entries()) {
      for (
        let at = n * REGIME + chance.exponential() / rate;
        at < Math.min((n + 1) * REGIME, END);
        at += chance.exponential() / rate
      )
        arrivals.push(at);
    }
    return {
      weight: flat ? 10 : Math.max(Math.round((10 * size) / rank / Math.log(size)), 1),
      cost: chance.uniform() < 0.3 ? 2 : 1,
      rates,
      arrivals,
    };
  });
}

/** Gives each streamer's period at a time, from what a real checker would know of it then. */
type Policy = (now: number, known: Watched[]) => (n: number, watched: Watched) => number;

function simulate(population: Streamer[], policy: Policy, seed: number) {
  const chance = random(seed);
  const state = population.map(({ weight, cost, arrivals }) => ({
    weight,
    cost,
    arrivals,
    next: 0,
    news: 0,
    newsAt: 0,
    looked: 0,
    period: 1,
  }));
  const watched = (one: (typeof state)[number], now: number): Watched => ({
    weight: one.weight,
    cost: one.cost,
    news: forget(one.news, now - one.newsAt),
    observedMs: Math.max(now, 1),
  });
  const delays: { delay: number; weight: number }[] = [];
  let requests = 0;
  for (let start = 0; start < END; start += REPLAN) {
    const period = policy(
      start,
      state.map((one) => watched(one, start)),
    );
    for (const [n, one] of state.entries()) {
      one.period = period(n, watched(one, start));
      if (start === 0) one.looked = -chance.uniform() * one.period;
      const end = start + REPLAN;
      for (;;) {
        const arrival = one.arrivals[one.next] ?? END;
        const found = one.looked + one.period * Math.ceil((arrival - one.looked) / one.period);
        if (found >= end) break;
        requests += ((found - one.looked) / one.period) * one.cost;
        let added = 0;
        for (let at = arrival; at <= found; at = one.arrivals[++one.next] ?? Number.POSITIVE_INFINITY) {
          added++;
          if (at >= WARM_UP) delays.push({ delay: found - at, weight: one.weight });
        }
        Object.assign(one, { news: forget(one.news, found - one.newsAt, added), newsAt: found, looked: found });
        one.period = period(n, watched(one, found));
      }
      // The looks up to the end of the day that find nothing.
      const idle = Math.max(Math.floor((end - one.looked) / one.period), 0);
      one.looked += idle * one.period;
      requests += idle * one.cost;
    }
  }
  delays.sort((a, b) => a.delay - b.delay);
  const total = delays.reduce((sum, { weight }) => sum + weight, 0);
  const mean = delays.reduce((sum, { delay, weight }) => sum + delay * weight, 0) / total;
  let below = 0;
  const p95 = delays.find(({ weight }) => {
    below += weight;
    return below >= 0.95 * total;
  });
  return { mean, p95: p95?.delay ?? 0, requestsPerMs: requests / END };
}

function policies(population: Streamer[], limits: Limits): Record<string, Policy> {
  const cost = population.reduce((sum, one) => sum + one.cost, 0);
  const clamp = (ms: number) => Math.min(Math.max(ms, limits.minMs), limits.maxMs);
  const uniform = clamp(cost / limits.requestsPerMs);
  const ranked = population.map(({ weight }) => weight).sort((a, b) => b - a);
  const levels = [ranked[Math.floor(population.length * 0.05)] ?? 0, ranked[Math.floor(population.length * 0.25)] ?? 0];
  const factor = ({ weight }: { weight: number }) =>
    weight > (levels[0] ?? 0) ? 1 / 4 : weight > (levels[1] ?? 0) ? 1 / 2 : 1;
  const base = population.reduce((sum, one) => sum + one.cost / factor(one), 0) / limits.requestsPerMs;
  /** What makes the estimate equal to the truth. */
  const told = (one: Streamer, rate: number): Watched => ({
    weight: one.weight,
    cost: one.cost,
    news: rate * FORGET_MS,
    observedMs: Number.POSITIVE_INFINITY,
  });
  const certain = { shape: 1e-9, meanRate: 1 };
  return {
    uniform: () => () => uniform,
    "three priorities": () => (n) => clamp(base * factor(population[n] ?? { weight: 0 })),
    "the checker's": (_, known) => {
      const plan: Plan = planSchedule(known, limits);
      return (_, watched) => periodOf(watched, plan);
    },
    optimum: (now) => {
      const truth = population.map((one) => told(one, one.rates[Math.floor(now / REGIME)] ?? 0));
      const plan = planSchedule(truth, limits, certain);
      const periods = truth.map((watched) => periodOf(watched, plan));
      return (n) => periods[n] ?? uniform;
    },
  };
}

const minutes = (ms: number) => (ms / 60_000).toFixed(1).padStart(7);
let missed = 0;
for (const [name, flat, seeds] of [
  ["zipf × lognormal", false, [1, 2, 3, 4, 5]],
  ["flat", true, [1]],
] as const) {
  for (const size of [100, 1_000, 10_000]) {
    for (const seed of seeds) {
      const population = populate(size, seed, flat);
      const cost = population.reduce((sum, one) => sum + one.cost, 0);
      // A budget for a look at everybody every two hours.
      const limits = { minMs: 5 * 60_000, maxMs: 24 * HOUR, requestsPerMs: cost / (2 * HOUR) };
      const results = Object.entries(policies(population, limits)).map(([policy, run]) => ({
        policy,
        ...simulate(population, run, seed),
      }));
      const [uniform, , ours, optimum] = results.map(({ mean }) => mean);
      if (uniform === undefined || ours === undefined || optimum === undefined) throw new Error("a policy is missing");
      const ratio = ours / optimum;
      const gain = (uniform - ours) / (uniform - optimum);
      const isMet = flat ? ours <= uniform * AIMS.flat : ratio <= AIMS.overOptimum && gain >= AIMS.gainShare;
      if (!isMet) missed++;
      console.log(`\n${name}, ${size} streamers, seed ${seed}`);
      for (const { policy, mean, p95, requestsPerMs } of results) {
        console.log(
          `  ${policy.padEnd(18)} mean ${minutes(mean)} min, 95 % ${minutes(p95)} min, budget used ${((100 * requestsPerMs) / limits.requestsPerMs).toFixed(0).padStart(3)} %`,
        );
      }
      const verdict = flat
        ? `${(ours / uniform).toFixed(3)} × uniform`
        : `${ratio.toFixed(3)} × the optimum, ${(100 * gain).toFixed(0)} % of its gain`;
      console.log(`  ${verdict}${isMet ? "" : "  MISSED"}`);
    }
  }
}
console.log(missed === 0 ? "\nAll aims met." : `\n${missed} aims missed.`);
process.exitCode = missed > 0 ? 1 : 0;
