import { expect, test, vi } from "vitest";
import { createSupply } from "../../load/supply.ts";

test("updates are given in order, and fetched before they run out", async () => {
  let made = 0;
  const supply = await createSupply(async (count) => Array.from({ length: count }, () => ({ update_id: made++ })), 10);
  for (let n = 0; n < 100; n++) {
    expect(supply.take()).toBe(JSON.stringify({ update_id: n }));
    await new Promise(setImmediate);
  }
  expect(made).toBeLessThan(100 + 40);
});

test("when there are none, it is known why", async () => {
  let isEmpty = false;
  const supply = await createSupply(async (count) => {
    if (isEmpty) throw new Error("everybody rests");
    return Array.from({ length: count }, () => ({}));
  }, 1);
  isEmpty = true;
  while (supply.take() !== undefined);
  await vi.waitFor(() => expect(supply.fault()).toBe("everybody rests"));
});
