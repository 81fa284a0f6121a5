/**
 * When to look at whom. The delay between an item's appearance and its message, weighted by who waits for it, is
 * least under a budget of requests when streamer i is looked at every T_i ∝ sqrt(c_i / (w_i·λ_i)): minimise
 * Σ w_i·λ_i·T_i/2 subject to Σ c_i/T_i = B; the Lagrange condition w_i·λ_i/2 = μ·c_i/T_i² gives the square root. It
 * is the rule of M. H. Ammar and J. W. Wong, "The design of teletext broadcast cycles", Performance Evaluation 5 (1985),
 * for how often to broadcast a page of length c that is asked for at the rate w·λ. Periods are clamped to the
 * operator's limits, and the multiplier is solved with the clamps active.
 *
 * Everything here is pure. Times are in ms, rates in items per ms.
 */

/** What the schedule knows of one streamer. */
export type Watched = {
  /** Active subscribers × the priority's factor. */
  weight: number;
  /** Items that were news, each counted e^(-age/FORGET_MS). */
  news: number;
  /** For how long news have been counted. */
  observedMs: number;
  /** Requests of a look, on average. */
  cost: number;
};

export type Limits = { minMs: number; maxMs: number; requestsPerMs: number };

/** Streamers change their habits: what happened a month ago says a third of what happened today. */
export const FORGET_MS = 30 * 24 * 3_600_000;

/** Before anything is known: an item a week. */
const FIRST_GUESS = 1 / (7 * 24 * 3_600_000);
/** A prior is worth at least so many items, and at most so many: neither one gift nor a thousand settle the question. */
const SHAPE = { least: 0.3, most: 1_000 };

/** How often news is expected of streamers: a Gamma prior over the population; mean = shape/perMs. */
export type Prior = { shape: number; meanRate: number };

/**
 * How much has been seen of a streamer, with forgetting: a Poisson count weighted by e^(-t/F) has the mean λ·E and the
 * variance λ·V; scaled by E/V it carries as much information as a plain count over E²/V.
 */
function evidence({ news, observedMs }: Watched): { count: number; exposure: number } {
  const age = Math.max(observedMs, 1) / FORGET_MS;
  const exposure = FORGET_MS * -Math.expm1(-age);
  const variance = (FORGET_MS / 2) * -Math.expm1(-2 * age);
  return { count: (news * exposure) / variance, exposure: (exposure * exposure) / variance };
}

/** The population's prior by moments: the more alike the streamers are, the less a single one's luck counts. */
export function estimatePrior(population: Watched[]): Prior {
  const seen = population.map(evidence);
  const count = seen.reduce((sum, one) => sum + one.count, 0);
  const exposure = seen.reduce((sum, one) => sum + one.exposure, 0);
  // One item at the first guess keeps an empty or silent population from the rate 0.
  const meanRate = (count + 1) / (exposure + 1 / FIRST_GUESS);
  let spread = 0;
  let scale = 0;
  for (const one of seen) {
    const expected = meanRate * one.exposure;
    spread += (one.count - expected) ** 2 - expected;
    scale += expected ** 2;
  }
  const shape = spread <= 0 ? SHAPE.most : scale / spread;
  return { shape: Math.min(Math.max(shape, SHAPE.least), SHAPE.most), meanRate };
}

/** The expected rate of a streamer's news: its own history, drawn towards the population's as far as it is short. */
export function expectedRate(watched: Watched, { shape, meanRate }: Prior): number {
  const { count, exposure } = evidence(watched);
  return (shape + count) / (shape / meanRate + exposure);
}

/** The schedule of a whole population. `load` is what it costs, as a share of the budget. */
export type Plan = {
  prior: Prior;
  limits: Limits;
  /** The multiplier of the square root; 0 when everybody is looked at as often as allowed. */
  multiplier: number;
  /** More than 1 when even the longest periods exceed the budget: all of them stretch by it. */
  stretch: number;
  load: number;
};

/** Solves for the multiplier. `prior` is for when the truth is known (a simulation). */
export function planSchedule(population: Watched[], limits: Limits, prior: Prior = estimatePrior(population)): Plan {
  const terms = population.map((watched) => ({ cost: watched.cost, root: rootOf(watched, prior) }));
  const spending = (multiplier: number) =>
    terms.reduce((sum, { cost, root }) => sum + cost / clamp(multiplier * root, limits), 0);
  const base = { prior, limits, stretch: 1 };
  const { requestsPerMs: budget } = limits;
  const most = spending(0);
  if (most <= budget) return { ...base, multiplier: 0, load: most / budget };
  const least = spending(Number.POSITIVE_INFINITY);
  if (least >= budget) return { ...base, multiplier: Number.POSITIVE_INFINITY, stretch: least / budget, load: 1 };
  let low = 0;
  let high = Math.max(...terms.map(({ root }) => limits.maxMs / root));
  // Spending falls as the multiplier grows; 60 halvings are more than a double can tell apart.
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (spending(middle) > budget) low = middle;
    else high = middle;
  }
  return { ...base, multiplier: high, load: spending(high) / budget };
}

/** How long until the next look at a streamer, in whole ms. */
export function periodOf(watched: Watched, { prior, limits, multiplier, stretch }: Plan): number {
  return Math.round(clamp(multiplier * rootOf(watched, prior), limits) * stretch);
}

function rootOf(watched: Watched, prior: Prior): number {
  return Math.sqrt(watched.cost / (Math.max(watched.weight, 1) * expectedRate(watched, prior)));
}

function clamp(ms: number, { minMs, maxMs }: Limits): number {
  return Math.min(Math.max(ms, minMs), maxMs);
}

/** The count of news after `elapsedMs` more, with what was added at its end. */
export function forget(news: number, elapsedMs: number, added = 0): number {
  return news * Math.exp(-Math.max(elapsedMs, 0) / FORGET_MS) + added;
}
