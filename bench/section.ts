/** A table of measurements as people read it: every cell is already formatted, with its unit. */
export type Table = { caption: string; columns: string[]; rows: string[][] };

/** What a measurement should reach, what it reached in this run, and whether that is enough. */
export type Aim = { aim: string; measured: string; isMet: boolean };

/** One area of the bench: how it was measured (a paragraph of Markdown), the figures, and its aims. */
export type Section = { title: string; method: string; tables: Table[]; aims: Aim[] };

/** "short" is a trial of seconds which shows that everything runs; its figures mean nothing. */
export type Effort = "full" | "short";

/** Takes one area's measurements; `progress` is told what runs now, for whoever is waiting at the terminal. */
export type Measure = (effort: Effort, progress: (words: string) => void) => Promise<Section>;
