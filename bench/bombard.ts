import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { createHistogram, type RecordableHistogram } from "node:perf_hooks";

export type Barrage = {
  requests: number;
  seconds: number;
  /** How long an answer takes, in ms. */
  p50: number;
  p99: number;
};

/** A POST of some JSON as it goes over the wire. */
export function postRequest(path: string, json: object, headers: Record<string, string> = {}): Buffer {
  const body = JSON.stringify(json);
  const lines = Object.entries({
    host: "127.0.0.1",
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`POST ${path} HTTP/1.1\r\n${lines.join("")}\r\n${body}`);
}

/**
 * Sends requests to a server on this machine for so long, over connections that each wait for an answer before the next
 * one. It speaks just enough HTTP: it takes a fraction of what an HTTP client costs, and so leaves the server its core.
 * @param next the request to send now
 * @throws when anything but a 200 comes back
 */
export async function bombard(
  port: number,
  { connections, forMs, next }: { connections: number; forMs: number; next: () => Buffer },
): Promise<Barrage> {
  const sockets = await Promise.all(Array.from({ length: connections }, () => open(port)));
  try {
    const latencies = createHistogram();
    const start = performance.now();
    const counts = await Promise.all(sockets.map((socket) => keepAsking(socket, start + forMs, next, latencies)));
    const seconds = (performance.now() - start) / 1000;
    const requests = counts.reduce((sum, count) => sum + count, 0);
    const [p50 = 0, p99 = 0] = [50, 99].map((share) => latencies.percentile(share) / 1e6);
    return { requests, seconds, p50, p99 };
  } finally {
    for (const socket of sockets) socket.destroy();
  }
}

async function open(port: number): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  await once(socket, "connect");
  return socket.setEncoding("latin1");
}

/** Gives how many requests were answered. */
function keepAsking(
  socket: Socket,
  until: number,
  next: () => Buffer,
  latencies: RecordableHistogram,
): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  let answered = 0;
  let askedAt = 0;
  let received = "";
  const ask = () => {
    askedAt = performance.now();
    socket.write(next());
  };
  socket.on("data", (text: string) => {
    received = received === "" ? text : received + text;
    const head = received.indexOf("\r\n\r\n");
    if (head < 0) return;
    const length = Number(/\r\ncontent-length: (\d+)\r\n/i.exec(received)?.[1]);
    if (!received.startsWith("HTTP/1.1 200 ") || Number.isNaN(length)) return reject(new Error(received.slice(0, 500)));
    if (received.length < head + 4 + length) return;
    const now = performance.now();
    latencies.record(Math.max(Math.round((now - askedAt) * 1e6), 1));
    received = "";
    answered++;
    if (now < until) ask();
    else resolve(answered);
  });
  socket.once("error", reject);
  socket.once("close", () => reject(new Error("The server has closed a connection.")));
  ask();
  return promise;
}
