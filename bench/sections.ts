import type { Measure } from "./section.ts";

/** The areas of the bench in their order; each is loaded where it runs, so that none weighs on another. */
export const SECTIONS: Record<string, () => Promise<Measure>> = {
  lists: async () => (await import("./lists.ts")).measureLists,
  diffs: async () => (await import("./diffs.ts")).measureDiffs,
  pages: async () => (await import("./pages.ts")).measurePages,
  checks: async () => (await import("./checks.ts")).measureChecks,
  sending: async () => (await import("./sending.ts")).measureSending,
  webhook: async () => (await import("./webhook.ts")).measureWebhook,
  memory: async () => (await import("./memory.ts")).measureMemory,
};
