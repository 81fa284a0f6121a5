import type { IncomingMessage } from "node:http";
import { badRequest } from "./errors.ts";
import { isObject, type Params } from "./fields.ts";

/** Reads a request's parameters: the query, then JSON, urlencoded or multipart. A file becomes `{ fileName, size, text }`. */
export async function readParams(request: IncomingMessage, query: URLSearchParams): Promise<Params> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const params: Params = query.size > 0 ? Object.fromEntries(query) : {};
  const type = request.headers["content-type"] ?? "";
  const body = Buffer.concat(chunks);
  if (body.length === 0) return params;
  if (type.startsWith("application/json")) return Object.assign(params, readJson(body.toString()));
  if (!type.startsWith("application/x-www-form-urlencoded") && !type.startsWith("multipart/form-data")) return params;
  try {
    const form = await new Response(body, { headers: { "content-type": type } }).formData();
    for (const [name, value] of form) {
      params[name] = typeof value === "string" ? value : await readFile(value);
    }
    // A file may be named in one field and come in another (core.telegram.org/bots/api#sending-files).
    for (const [name, value] of Object.entries(params)) {
      const part = typeof value === "string" ? /^attach:\/\/(.+)$/.exec(value)?.[1] : undefined;
      if (part !== undefined) params[name] = params[part];
    }
    return params;
  } catch {
    throw badRequest("can't parse the request's body");
  }
}

async function readFile(file: File) {
  return { fileName: file.name, size: file.size, text: await file.text() };
}

function readJson(text: string): Params {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {}
  if (!isObject(value)) throw badRequest("can't parse the request's body: expected a JSON object");
  return value;
}
