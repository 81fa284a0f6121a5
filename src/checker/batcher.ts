/** Gathers what is written within `delayMs` into one call of `write`; each caller waits for the call that carries its part. */
export function createBatcher<T>(write: (items: T[]) => Promise<void>, delayMs: number): (item: T) => Promise<void> {
  let next: { items: T[]; written: Promise<void> } | undefined;
  return (item) => {
    if (next === undefined) {
      const items: T[] = [];
      const written = new Promise<void>((resolve) => setTimeout(resolve, delayMs)).then(async () => {
        next = undefined;
        await write(items);
      });
      next = { items, written };
    }
    next.items.push(item);
    return next.written;
  };
}
