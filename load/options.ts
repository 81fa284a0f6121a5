import { parseArgs } from "node:util";

export const USAGE = `npm run load -- [--short] [--rate N] [--json file]

  --short      half a minute instead of three: for CI
  --rate N     N times the stated rates, from 0.1 to 10 (default 1)
  --json file  writes what was measured there as JSON, too
  --help       shows this`;

export type Options = { short: boolean; rate: number; json: string | undefined };

const RATES = { least: 0.1, most: 10 };

/**
 * Reads the command's arguments; "help" when that is asked for.
 * @throws an error that says what was found and what is expected
 */
export function readOptions(args: string[]): Options | "help" {
  const { values, positionals } = parse(args);
  if (values.help) return "help";
  if (positionals.length > 0) throw new Error(`"${positionals[0]}" is no option. Usage:\n${USAGE}`);
  const rate = Number(values.rate);
  if (!(rate >= RATES.least && rate <= RATES.most)) {
    const range = `${RATES.least} to ${RATES.most}`;
    throw new Error(`--rate is "${values.rate}": give a number from ${range}; 2 doubles the stated rates.`);
  }
  if (values.json === "") throw new Error("--json names no file: give it one, like --json load.json.");
  return { short: values.short, rate, json: values.json };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        short: { type: "boolean", default: false },
        rate: { type: "string", default: "1" },
        json: { type: "string" },
        help: { type: "boolean", short: "h", default: false },
      },
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message.split(". ")[0] : String(error);
    throw new Error(`${reason}. Usage:\n${USAGE}`);
  }
}
