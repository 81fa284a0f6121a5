import { expect, test } from "vitest";
import { createCircuit } from "../../src/checker/circuit.ts";

test("three failures in a row open it; one probe passes in each period; a success closes it", () => {
  const circuit = createCircuit(1_000);
  for (const at of [0, 10, 20]) {
    expect(circuit.admits(at)).toBe(true);
    circuit.failed();
  }
  expect(circuit.isOpen()).toBe(true);
  expect([circuit.admits(500), circuit.admits(1_020), circuit.admits(1_030)]).toEqual([false, true, false]);
  circuit.succeeded();
  expect([circuit.isOpen(), circuit.admits(1_040), circuit.admits(1_041)]).toEqual([false, true, true]);
});

test("failures with a success between them are not the site's", () => {
  const circuit = createCircuit(1_000);
  for (let n = 0; n < 10; n++) {
    circuit.failed();
    circuit.failed();
    circuit.succeeded();
  }
  expect([circuit.isOpen(), circuit.works()]).toEqual([false, true]);
});
