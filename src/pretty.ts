import { isatty } from "node:tty";

const STDOUT = 1;
/** What a terminal obeys instead of showing it, or does not show. */
const CONTROL = /[\p{Cc}\p{Cf}]/gu;

/** How lines of the log are to be written where stdout is a terminal; undefined, with nothing loaded, where it is none. */
export async function forTerminal(): Promise<((line: string) => string) | undefined> {
  return isatty(STDOUT) ? await readable() : undefined;
}

/**
 * How lines of the log read: time of day, level, message, and the fields behind it; an error in lines of its own. In
 * colours, unless NO_COLOR is set or the terminal has none.
 */
export async function readable(): Promise<(line: string) => string> {
  const { prettyFactory } = await import("pino-pretty");
  const pretty = prettyFactory({ singleLine: true, translateTime: "SYS:HH:MM:ss.l" });
  return (line) => pretty(JSON.parse(line, (_key, value) => (typeof value === "string" ? harmless(value) : value)));
}

function harmless(text: string): string {
  return text
    .split("\n")
    .map((line) => line.replace(CONTROL, ""))
    .join("\n");
}
