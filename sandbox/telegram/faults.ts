import type { Call, Fault, FaultKind } from "./types.ts";

export type Faults = ReturnType<typeof createFaults>;

/** Faults in the order they were set; the first that fits a request is applied to it. */
export function createFaults() {
  const faults: { when: Fault["when"]; left: number; kind: FaultKind }[] = [];
  return {
    /** Gives the function that takes it away. */
    add({ when, times = Number.POSITIVE_INFINITY, do: kind }: Fault) {
      const fault = { when, left: times, kind };
      faults.push(fault);
      return () => {
        fault.left = 0;
      };
    },
    take(call: Call): FaultKind | undefined {
      const fault = faults.find(({ left, when }) => left > 0 && when(call));
      if (fault !== undefined) fault.left--;
      return fault?.kind;
    },
  };
}
