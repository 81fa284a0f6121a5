/**
 * Loaded into the bot before anything else, it puts a Bot API that takes everything in the place of the HTTP client that
 * grammY sends with: what an answer costs is then the bot's own work alone.
 */
import { createRequire } from "node:module";
import { botApiResult } from "./bot-api-results.ts";

const grammy = createRequire(createRequire(import.meta.url).resolve("grammy"));
const client: { default: (url: string) => Promise<unknown> } = grammy("node-fetch");
let sent = 0;

client.default = async (url) => {
  const method = url.slice(url.lastIndexOf("/") + 1);
  if (method === "sendMessage") sent++;
  const result = botApiResult(method, sent);
  return { json: async () => ({ ok: true, result }) };
};
