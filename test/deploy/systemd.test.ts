import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import packageJson from "../../package.json" with { type: "json" };
import { temporaryFolder } from "../db/test-db.ts";
import { root } from "../e2e/instance.ts";
import { needs, textOf } from "./deployed.ts";

const unit = textOf("deploy/systemd/wishbell.service");

test("systemd understands the unit", async (context) => {
  const analyze = needs(context, "systemd-analyze", "systemd");
  await using folder = await temporaryFolder();
  const file = join(folder.path, "wishbell.service");
  await writeFile(file, unit.replaceAll("/opt/wishbell", root));
  const { stderr } = await promisify(execFile)(analyze, ["verify", "--recursive-errors=no", file]);
  expect(stderr.split("\n").filter((line) => line.includes("wishbell.service"))).toEqual([]);
});

test("the unit starts what npm start does, and waits for as long as a stop may take", () => {
  const [, args = ""] = packageJson.scripts.start.split("exec node");
  expect(unit).toContain(`/node_modules/.bin/node${args}\n`);
  expect(unit).toContain("TimeoutStopSec=30");
});
