import { expect, test } from "vitest";
import { missingOf } from "../../load/packages.ts";

const lock = {
  packages: {
    "": {},
    "node_modules/a": { version: "1.0.0", integrity: "sha512-a" },
    "node_modules/b": { version: "2.0.0", integrity: "sha512-b", optional: true },
  },
};

test("what npm has not installed as the lock says is missing, unless it is optional", () => {
  expect(missingOf(lock, undefined)).toEqual(["node_modules/a"]);
  expect(missingOf(lock, { packages: { "node_modules/a": { version: "1.0.0", integrity: "sha512-a" } } })).toEqual([]);
  expect(missingOf(lock, { packages: { "node_modules/a": { version: "1.0.1", integrity: "sha512-a" } } })).toEqual([
    "node_modules/a",
  ]);
  const forged = {
    "node_modules/a": { version: "1.0.0", integrity: "sha512-x" },
    "node_modules/b": { version: "1.0.0" },
  };
  expect(missingOf(lock, { packages: forged })).toEqual(["node_modules/a", "node_modules/b"]);
});
