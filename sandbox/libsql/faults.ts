import type { LibsqlRequest } from "./libsql.ts";

/**
 * - `html`: a gateway's page · `error`: the server's own JSON · `busy`: SQLite's SQLITE_BUSY
 * - `reset`: the connection breaks · `hang`: no answer ever comes · `stop`: it stops in the middle of the answer
 * - `cut`: half of the answer, as if it were all · `delay`: answered `ms` later
 * - `late`: done `ms` later, whether or not anybody still waits for it
 *
 * Nothing is done, unless `done` says that the work is done first. `delay` and `late` do it.
 */
export type FaultKind =
  | { kind: "html"; status: number; done?: boolean }
  | { kind: "error"; status: number; message: string; done?: boolean }
  | { kind: "busy" }
  | { kind: "reset" | "hang" | "stop"; done?: boolean }
  | { kind: "cut" }
  | { kind: "delay" | "late"; ms: number };

export type Fault = {
  /** Absent: every request. */
  when?: ((request: LibsqlRequest) => boolean) | undefined;
  /** How many requests it meets before it goes away; default: all of them. */
  times?: number | undefined;
  do: FaultKind;
};

/** Faults in the order they were set; the first that fits a request is applied to it. */
export function createFaults() {
  const faults: { when: (request: LibsqlRequest) => boolean; left: number; kind: FaultKind }[] = [];
  return {
    /** Gives the function that takes it away. */
    add({ when = () => true, times = Number.POSITIVE_INFINITY, do: kind }: Fault) {
      const fault = { when, left: times, kind };
      faults.push(fault);
      return () => {
        fault.left = 0;
      };
    },
    take(request: LibsqlRequest): FaultKind | undefined {
      const fault = faults.find(({ left, when }) => left > 0 && when(request));
      if (fault !== undefined) fault.left--;
      return fault?.kind;
    },
  };
}

export type Faults = ReturnType<typeof createFaults>;
