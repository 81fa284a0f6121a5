import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import type { Person } from "../../sandbox/telegram/types.ts";
import type { Instance } from "./instance.ts";
import { PATIENCE_MS, startWorld, until, type World } from "./world.ts";

test.concurrent(
  "a leader that is killed while it handles 30 updates loses none: the next one answers them",
  async () => {
    await using world = await startWorld();
    const { telegram } = world;
    const leader = await world.start();
    await leader.line("lock acquired");
    const next = await world.start();
    const recover = telegram.fault({ when: ({ method }) => method === "sendMessage", do: { kind: "hang" } });
    const people = Array.from({ length: 30 }, () => telegram.person());
    for (const from of people) telegram.say("/help", { from });
    await until("all of them are being handled", () => sends(world) >= 30);
    await leader.stop("SIGKILL");
    recover();
    await next.line("lock acquired");
    await telegram.idle();
    await until("everybody is answered", () => people.every((person) => answers(world, person) > 0));
    expect(people.map((person) => answers(world, person))).toEqual(people.map(() => 1));
  },
  PATIENCE_MS,
);

test.concurrent(
  "with a webhook any instance answers, the secret is asked for, and neither a stop nor a kill loses an update",
  async () => {
    await using world = await startWorld({ LOCK_STALE_SECONDS: "9" });
    const { telegram } = world;
    await using balancer = await startBalancer();
    const env = { WEBHOOK_URL: balancer.url };
    const instances = [await world.start(env), await world.start(env)] as const;
    for (const instance of instances) {
      await instance.line("ready");
      balancer.targets.push(instance.url);
    }
    const people = Array.from({ length: 4 }, () => telegram.person());
    for (const from of people) telegram.say("/help", { from });
    await telegram.idle();
    expect(people.map((person) => answers(world, person))).toEqual([1, 1, 1, 1]);
    const handled = () => Promise.all(instances.map((instance) => instance.metric("updates_total")));
    expect(await handled()).toEqual([2, 2]);

    const update = { update_id: 1, message: { message_id: 1, date: 1, chat: { id: people[0]?.id, type: "private" } } };
    for (const { url } of instances) {
      expect(await post(url, update)).toBe(401);
      expect(await post(url, update, "wrong")).toBe(401);
      expect(await post(url, update, telegram.token)).toBe(401);
    }
    expect(await handled()).toEqual([2, 2]);

    // Each is being handled when its instance goes.
    for (const [n, end] of (["SIGTERM", "SIGKILL"] as const).entries()) {
      const going = instances[n] as Instance;
      const before = people.map((person) => answers(world, person));
      const begun = sends(world);
      const slow = { kind: "delay", ms: 500 } as const;
      const recover = telegram.fault({ when: ({ method }) => method === "sendMessage", do: slow });
      for (const from of people) telegram.say("/help", { from });
      await until("they are being handled", () => sends(world) >= begun + people.length);
      expect(await going.stop(end)).toBe(end === "SIGTERM" ? 0 : end);
      balancer.targets.splice(balancer.targets.indexOf(going.url), 1);
      recover();
      if (end === "SIGKILL") balancer.targets.push((await world.start(env)).url);
      await until("all are confirmed", () => telegram.pending() === 0);
      const more = people.map((person, i) => answers(world, person) - (before[i] ?? 0));
      // What a killed one had sent, and could not confirm, is answered twice.
      if (end === "SIGTERM") expect(more).toEqual([1, 1, 1, 1]);
      else expect(Math.min(...more)).toBeGreaterThanOrEqual(1);
    }
    expect(telegram.webhook()?.url).toBe(`${balancer.url}/webhook`);
    expect(telegram.calls.filter(({ method }) => method === "getUpdates")).toEqual([]);
  },
  PATIENCE_MS,
);

const sends = ({ telegram }: World) => telegram.calls.filter(({ method }) => method === "sendMessage").length;
const answers = ({ telegram }: World, person: Person) =>
  telegram.messages(person).filter(({ fromBot, text }) => fromBot && text.includes("/track")).length;

async function post(url: string, body: object, secret?: string): Promise<number> {
  const headers = { "content-type": "application/json", ...(secret && { "x-telegram-bot-api-secret-token": secret }) };
  return (await fetch(`${url}/webhook`, { method: "POST", headers, body: JSON.stringify(body) })).status;
}

/** What stands before several instances: passes each request to the next of them. */
async function startBalancer() {
  const targets: string[] = [];
  let turn = 0;
  const server = http.createServer((request, response) => {
    const target = targets[turn++ % targets.length];
    if (target === undefined) return void response.writeHead(502).end();
    const { method, url, headers } = request;
    const passed = http.request(new URL(url ?? "/", target), { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    passed.on("error", () => response.writeHead(502).end());
    request.pipe(passed);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    targets,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
