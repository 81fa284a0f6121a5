/** Updates are fetched this long before they are needed: presses must be answered while they are young. */
const AHEAD_SECONDS = 2;

export type Supply = {
  /** The next update, as JSON; undefined when there is none, and once fetching them has failed. */
  take(): string | undefined;
  /** Why it has. */
  fault(): string | undefined;
};

/** Keeps updates at hand: fetches them, one batch at a time, as they are used up. `perSecond`: how many at most. */
export async function createSupply(
  fetchUpdates: (count: number) => Promise<object[]>,
  perSecond: number,
): Promise<Supply> {
  const stock: string[] = [];
  const batch = Math.max(Math.ceil(perSecond / 2), 1);
  let isFetching = false;
  let fault: string | undefined;

  async function refill() {
    if (isFetching || fault !== undefined) return;
    isFetching = true;
    try {
      while (stock.length < perSecond * AHEAD_SECONDS) {
        stock.push(...(await fetchUpdates(batch)).map((update) => JSON.stringify(update)));
      }
    } catch (error) {
      fault = error instanceof Error ? error.message : String(error);
    } finally {
      isFetching = false;
    }
  }

  await refill();
  return {
    take() {
      const update = fault === undefined ? stock.shift() : undefined;
      if (stock.length < perSecond * AHEAD_SECONDS) void refill();
      return update;
    },
    fault: () => fault,
  };
}
