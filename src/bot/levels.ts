/** For how many ordinary subscribers each subscriber of a streamer counts in the schedule. */
export const LEVELS = [
  { name: "normal", label: "level-normal", weight: 1 },
  { name: "high", label: "level-high", weight: 3 },
  { name: "vip", label: "level-vip", weight: 10 },
] as const;

export function weightOf(name: string): number | undefined {
  return LEVELS.find((level) => level.name === name.toLowerCase())?.weight;
}

/** The text for the level that a weight stands for. */
export function levelOf(weight: number): string {
  return LEVELS.findLast((level) => level.weight <= weight)?.label ?? "level-normal";
}
