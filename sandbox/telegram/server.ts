import http, { type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { readParams } from "./body.ts";
import type { Changes } from "./changes.ts";
import { ApiError } from "./errors.ts";
import type { Faults } from "./faults.ts";
import type { Methods } from "./methods.ts";
import type { Call, FaultKind } from "./types.ts";

type Answer = { status: number; body: string };

/**
 * The HTTP side: `/bot<token>/<method>` in, JSON out, with the faults in between. Every request that reaches a method
 * is in `calls`.
 */
export async function startServer({
  token,
  port,
  now,
  methods,
  faults,
  changes,
  file,
}: {
  token: string;
  port: number;
  now: () => number;
  methods: Methods;
  faults: Faults;
  changes: Changes;
  /** What is behind a `file_path`. */
  file: (path: string) => string | undefined;
}) {
  const calls: Call[] = [];
  const running = new Set<Call>();
  const closing = new AbortController();
  const prefix = `/bot${token}/`;

  async function handle(request: IncomingMessage, response: ServerResponse) {
    const [path = "", query = ""] = (request.url ?? "").split("?", 2);
    const decoded = path.replace(/%3A/gi, ":");
    if (decoded.startsWith(`/file${prefix}`)) {
      const content = file(decoded.slice(`/file${prefix}`.length));
      return content === undefined
        ? send(response, failure(404, "Not Found"))
        : send(response, { status: 200, body: content }, "application/octet-stream");
    }
    if (!decoded.startsWith(prefix)) {
      return send(response, /^\/bot[^/]*\//.test(decoded) ? failure(401, "Unauthorized") : failure(404, "Not Found"));
    }
    const method = methods.get(decoded.slice(prefix.length).toLowerCase());
    if (method === undefined) return send(response, failure(404, "Not Found"));

    const params = await readParams(request, new URLSearchParams(query));
    const chatId = Number(params.chat_id ?? Number.NaN);
    const call: Call = { method: method.name, params, at: now(), code: 0, ...(Number.isNaN(chatId) ? {} : { chatId }) };
    calls.push(call);
    // A long poll is idleness, not work.
    if (call.method !== "getUpdates") running.add(call);
    response.once("close", () => {
      running.delete(call);
      changes.emit({ kind: "answered", call });
    });
    changes.emit({ kind: "call", call });

    const run = async () => {
      const answer = await answerTo(() => method.run({ params, onGone: (gone) => void response.once("close", gone) }));
      call.code = answer.status;
      return answer;
    };
    const fault = faults.take(call);
    if (fault === undefined) return send(response, await run());
    await disturb(fault, call, run, response);
  }

  async function disturb(fault: FaultKind, call: Call, run: () => Promise<Answer>, response: ServerResponse) {
    switch (fault.kind) {
      case "error":
        call.code = fault.code;
        return send(response, failure(fault.code, fault.description, fault.parameters));
      case "html": {
        call.code = fault.status;
        const title = `${fault.status} ${http.STATUS_CODES[fault.status] ?? ""}`;
        const page = `<html><head><title>${title}</title></head><body><center><h1>${title}</h1></center><hr><center>nginx</center></body></html>`;
        return send(response, { status: fault.status, body: page }, "text/html");
      }
      case "cut": {
        const { status, body } = await run();
        return send(response, { status, body: body.slice(0, Math.floor(body.length / 2)) });
      }
      case "body": {
        const { status } = await run();
        return send(response, { status, body: fault.body });
      }
      case "reset":
        return void response.destroy();
      case "accept-then-reset":
        await run();
        call.code = 0;
        return void response.destroy();
      case "delay":
        await sleep(fault.ms, undefined, { signal: closing.signal });
        return send(response, await run());
      case "hang":
        return;
    }
  }

  const server = http.createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      if (closing.signal.aborted || response.destroyed || response.headersSent) return void response.destroy();
      if (error instanceof ApiError) return send(response, failure(error.code, error.message));
      // A mistake of the sandbox or of a test's own fault must not look like Telegram.
      console.error("sandbox/telegram:", error);
      send(response, failure(500, `Internal Server Error: ${error}`));
    });
  });
  server.keepAliveTimeout = 65_000;
  server.listen(port, "127.0.0.1");
  await new Promise<void>((resolve, reject) => server.once("listening", resolve).once("error", reject));

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    isBusy: () => running.size > 0,
    /** Ends everything at once, long polls and hung requests too. */
    async close() {
      if (closing.signal.aborted) return;
      closing.abort();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answerTo(run: () => unknown): Promise<Answer> {
  try {
    return { status: 200, body: JSON.stringify({ ok: true, result: await run() }) };
  } catch (error) {
    if (error instanceof ApiError) return failure(error.code, error.message, error.parameters);
    throw error;
  }
}

function failure(code: number, description: string, parameters?: object): Answer {
  return { status: code, body: JSON.stringify({ ok: false, error_code: code, description, parameters }) };
}

function send(response: ServerResponse, { status, body }: Answer, type = "application/json") {
  response.writeHead(status, { "content-type": type, "content-length": Buffer.byteLength(body) }).end(body);
}
