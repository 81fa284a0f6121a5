import type { Orm } from "../db/client.ts";
import { bringForward, type Habits, type ScheduledStreamer, scheduledStreamers } from "../db/streamers.ts";
import type { Leader } from "./leader.ts";
import { forget, type Limits, type Plan, periodOf, planSchedule, type Watched } from "./schedule.ts";

/** How long a plan is good for: the population and its habits change slowly. */
const REPLAN_MS = 60_000;
/** A look that an older plan put less than so much too far ahead is left where it is: not every plan moves everybody. */
const SLACK = 1.1;
/** Streamers moved by one statement. */
const PORTION = 500;

export type PlannerOptions = {
  orm: Orm;
  write: Leader["write"];
  source: string;
  /** The operator's limits, and what the site's budget allows now. */
  limits: () => Limits;
  planned: (plan: Plan, streamers: number, meanCost: number) => void;
  now?: () => number;
};

/** Keeps the schedule of a source's streamers, and tells the period of each. */
export function createPlanner({ orm, write, source, limits, planned, now = () => performance.now() }: PlannerOptions) {
  let plan = planSchedule([], limits());
  let dueAt = now();
  let weights = new Map<number, number>();

  /**
   * A plan takes effect at once, not when the looks that an older one put far ahead fall due. Each keeps its place
   * within its wait, so that what was spread stays spread. One that fails on its own waits as it did: it backs off.
   */
  async function catchUp(population: ScheduledStreamer[]): Promise<void> {
    const looks = population.flatMap((streamer) => {
      const { id, dueMs, waitMs, weight, failures } = streamer;
      const period = periodOf(watched(streamer, weight), plan);
      if (failures > 0 || dueMs <= period * SLACK) return [];
      return [{ id, withinMs: period * Math.min(dueMs / waitMs, 1) }];
    });
    for (let first = 0; first < looks.length; first += PORTION) {
      const portion = looks.slice(first, first + PORTION);
      await write("loop_replan", (db) => [bringForward(db, portion)]);
    }
  }

  return {
    /** Plans anew when it is time. */
    async refresh(): Promise<void> {
      if (now() < dueAt) return;
      dueAt = now() + REPLAN_MS;
      const population = await scheduledStreamers(orm, source);
      weights = new Map(population.map(({ id, weight }) => [id, weight]));
      const known = population.map((streamer) => watched(streamer, streamer.weight));
      plan = planSchedule(known, limits());
      const cost = population.reduce((sum, streamer) => sum + streamer.cost, 0);
      planned(plan, population.length, population.length === 0 ? 1 : cost / population.length);
      await catchUp(population);
    },
    /** Until the next look at a streamer, in ms; one that joined after the last plan counts as having one subscriber. */
    periodOf: (streamer: Habits) => periodOf(watched(streamer, weights.get(streamer.id) ?? 1), plan),
    /** The same for one that has just been found. */
    firstPeriod: (cost: number) => periodOf({ weight: 1, news: 0, observedMs: 0, cost }, plan),
    longestMs: () => plan.limits.maxMs * plan.stretch,
    /** Not less than how many chats tracked it when it was planned for. */
    mostSubscribers: (id: number) => weights.get(id) ?? 0,
  };
}

export type Planner = ReturnType<typeof createPlanner>;

function watched({ news, newsAgeMs, observedMs, cost }: Habits, weight: number): Watched {
  return { weight, news: forget(news, newsAgeMs), observedMs, cost };
}
