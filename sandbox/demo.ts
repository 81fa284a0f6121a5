import { runPrompt } from "./demo/prompt.ts";
import { startWorld } from "./demo/world.ts";

/** `npm run demo`: try Wishbell without a token and without a network. */
const stop = new AbortController();
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(name, () => stop.abort());
// Whoever was reading has left: `npm run demo | head`.
process.stdout.on("error", () => stop.abort());

try {
  await using world = await startWorld();
  const lastWords = await Promise.race([runPrompt(world, stop.signal), world.bot.ended]);
  if (lastWords !== undefined) throw new Error(`The bot has ended by itself:\n${lastWords}`);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  stop.abort();
}
