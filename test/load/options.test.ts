import { expect, test } from "vitest";
import { readOptions } from "../../load/options.ts";

test("without arguments the stated load is made", () => {
  expect(readOptions([])).toEqual({ short: false, rate: 1, json: undefined });
  expect(readOptions(["--short", "--rate", "1.5", "--json", "a.json"])).toEqual({
    ...{ short: true, rate: 1.5, json: "a.json" },
  });
  expect(readOptions(["-h"])).toBe("help");
});

test.each([
  [["--rate", "fast"], "give a number from 0.1 to 10; 2 doubles the stated rates"],
  [["--rate", "0"], '--rate is "0"'],
  [["--rate", "11"], '--rate is "11"'],
  [["--rate"], "--rate <value>"],
  [["--fast"], "Unknown option '--fast'"],
  [["10"], '"10" is no option'],
  [["--json", ""], "--json names no file"],
])("%j is refused with a sentence that helps", (args, sentence) => {
  expect(() => readOptions(args)).toThrow(sentence);
});
