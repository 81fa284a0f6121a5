// Logs so many lines of half a kB every 5 ms, until it is told to stop; and says on stderr how it fares, ten times a
// second: lines logged so far, and resident memory in MB.
import { writeSync } from "node:fs";
import { createLog, written } from "../src/log.ts";

const log = createLog({ level: "debug", secrets: [] });
const each = Number(process.argv[2]);
const note = "x".repeat(400);
let lines = 0;
const talking = setInterval(() => {
  for (let n = 0; n < each; n++) log.debug({ n: lines++, note }, "checked");
}, 5);
setInterval(() => writeSync(2, `${lines} ${Math.round(process.memoryUsage.rss() / 1e6)}\n`), 100).unref();
process.on("SIGTERM", async () => {
  clearInterval(talking);
  log.fatal("the last line");
  await written(log);
  process.exit(0);
});
