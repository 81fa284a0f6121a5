/**
 * The Telegram and the fetta of a load test, with its people, in a process of their own: so they share no event loop with
 * the bot, nor with who measures it. Started by fork(): the only argument is the cast's size as JSON; it tells where it is
 * and who is there, and is then asked over HTTP (see control.ts).
 */
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { startFetta } from "../sandbox/fetta/index.ts";
import { startTelegram } from "../sandbox/telegram/telegram.ts";
import { createPeople, type World } from "./people.ts";
import type { CastSize, Scene } from "./plan.ts";

/** `telegram`, `fetta`, `control`: where they listen. */
export type Sandbox = World & { telegram: string; token: string; fetta: string; control: string };

/** Telegram's limits for one chat hold. The one for all together would be the first to be met, by any load worth the name. */
const LIMITS = { overallPerSecond: 100_000 };

const cast: CastSize = JSON.parse(process.argv[2] ?? "{}");
let carried: object[] = [];
await using telegram = await startTelegram({
  enforceLimits: true,
  limits: LIMITS,
  carrier: (update) => {
    carried.push(update);
    people.carried();
  },
});
await using fetta = await startFetta();
const people = createPeople(telegram, fetta, cast);
people.settle();

/** So many updates or, where one thing that is done makes several, some more. */
function updates(scene: Scene, count: number): object[] {
  carried = [];
  while (carried.length < count) people.act(scene);
  return carried;
}

function answer(url: URL): unknown {
  const scene = url.searchParams.get("scene") as Scene;
  switch (url.pathname) {
    case "/begin":
      return people.begin(scene);
    case "/updates":
      return updates(scene, Number(url.searchParams.get("count")));
    default:
      return people.tally(Number(url.searchParams.get("sent")));
  }
}

function send(response: ServerResponse, status: number, content: unknown) {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(content ?? null));
}

const server = createServer((request, response) => {
  try {
    send(response, 200, answer(new URL(request.url ?? "/", "http://control")));
  } catch (error) {
    send(response, 500, String(error));
  }
});
server.keepAliveTimeout = 60_000;
await once(server.listen(0, "127.0.0.1"), "listening");
const control = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const { url, token } = telegram;
process.send?.({ ...people.world, telegram: url, token, fetta: fetta.url, control } satisfies Sandbox);
await once(process, "disconnect");
process.exit();
