import { parseArgs } from "node:util";
import { rules } from "../deployed.ts";

export const USAGE = `Usage: npm run alarms -- [--only ALERT,…] [--parallel N] [--json FILE]
       npm run alarms -- --panels [--minutes M]

Drives each alert of deploy/prometheus/rules.yaml into firing by a real fault of real instances, sees it page as
Alertmanager is deployed, mends the fault, and sees it end. Needs Debian's packages prometheus and prometheus-alertmanager;
takes 10 minutes, and ends at 15 whatever happens.

  --only ALERT,…   those alone
  --parallel N     how many groups of faults at once, 1 to 8 (default: 8); fewer take longer, and may take an hour
  --json FILE      where to put the result besides
  --panels         runs every query of the dashboard instead, after a living demo has been scraped as deployed
  --minutes M      for so long, 1 to 60 (default: 10)

Progress and a table go to stderr. Ends with 1 when something is not as it should be.`;

export type Arguments = {
  only: string[] | undefined;
  parallel: number;
  json: string | undefined;
  panels: boolean;
  minutes: number;
};

/** @throws an Error whose message tells the person what to write instead */
export function readArguments(args: string[]): Arguments | "help" {
  const options = {
    only: { type: "string" },
    parallel: { type: "string" },
    json: { type: "string" },
    panels: { type: "boolean" },
    minutes: { type: "string" },
    help: { type: "boolean", short: "h" },
  } as const;
  const { values } = parseArgs({ args, options });
  if (values.help === true) return "help";
  const known = rules().map(({ alert }) => alert);
  const only = values.only?.split(",").map((name) => name.trim());
  const strange = only?.find((name) => !known.includes(name));
  if (strange !== undefined)
    throw new Error(`--only has "${strange}", which is no alert. There are: ${known.join(", ")}`);
  return {
    ...{ only, json: values.json, panels: values.panels === true },
    parallel: numberOf("--parallel", values.parallel ?? "8", 1, 8),
    minutes: numberOf("--minutes", values.minutes ?? "10", 1, 60),
  };
}

function numberOf(name: string, text: string, least: number, most: number): number {
  const number = Number(text);
  if (text.trim() === "" || !(number >= least && number <= most)) {
    throw new Error(`${name} is "${text}". Write a number from ${least} to ${most}`);
  }
  return number;
}
