import { badRequest } from "./errors.ts";

/** A request's parameters: JSON values, or strings that may hold JSON (urlencoded and multipart requests). */
export type Params = Record<string, unknown>;

/** A parameter as the Bot API server sees it: text, "" when absent. */
export function textOf(params: Params, name: string): string {
  const value = params[name];
  if (value === undefined || value === null) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

export function flagOf(params: Params, name: string): boolean {
  return ["true", "yes", "1"].includes(textOf(params, name).trim().toLowerCase());
}

/** A whole number brought between `min` and `max`; `fallback` when absent or not a number. */
export function integerOf(params: Params, name: string, fallback: number, min = -(2 ** 31), max = 2 ** 31 - 1) {
  const value = Number.parseInt(textOf(params, name), 10);
  return Number.isNaN(value) ? fallback : Math.min(Math.max(value, min), max);
}

/**
 * A parameter that holds JSON; undefined when absent or "".
 * @throws {ApiError} 400 with `fault` when it is not JSON
 */
export function jsonOf(params: Params, name: string, fault: string): unknown {
  const value = params[name];
  if (value === undefined || value === null || value === "") return undefined;
  if (typeof value !== "string") return value;
  try {
    return JSON.parse(value);
  } catch {
    throw badRequest(fault);
  }
}

export function isObject(value: unknown): value is Params {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Reads typed fields of a JSON object with the errors of TDLib's JsonObject. `within` heads them:
 * `can't parse inline keyboard button: Can't find field "text"`.
 */
export function fieldsOf(object: Params, within?: string) {
  const fault = (text: string) =>
    badRequest(within === undefined ? text.charAt(0).toLowerCase() + text.slice(1) : `${within}: ${text}`);
  const field = (name: string) => object[name] ?? undefined;
  const required = (name: string) => {
    const value = field(name);
    if (value === undefined) throw fault(`Can't find field "${name}"`);
    return value;
  };
  const asText = (name: string, value: unknown) => {
    if (typeof value !== "string" && typeof value !== "number") throw fault(`Field "${name}" must be of type String`);
    return String(value);
  };
  const asInteger = (name: string, value: unknown) => {
    if (typeof value !== "string" && typeof value !== "number") throw fault(`Field "${name}" must be of type Number`);
    if (!/^-?\d{1,15}$/.test(String(value))) throw fault(`Field "${name}" must be a valid Number`);
    return Number(value);
  };
  return {
    fault,
    has: (name: string) => field(name) !== undefined,
    text: (name: string) => asText(name, required(name)),
    optionalText: (name: string) => (field(name) === undefined ? "" : asText(name, field(name))),
    integer: (name: string) => asInteger(name, required(name)),
    object(name: string): Params {
      const value = required(name);
      if (!isObject(value)) throw fault(`Field "${name}" must be of type Object`);
      return value;
    },
    flag(name: string): boolean {
      const value = field(name) ?? false;
      if (typeof value !== "boolean") throw fault(`Field "${name}" must be of type Boolean`);
      return value;
    },
    array(name: string): unknown[] | undefined {
      const value = field(name);
      if (value !== undefined && !Array.isArray(value)) throw fault(`Field "${name}" must be of type Array`);
      return value;
    },
  };
}
