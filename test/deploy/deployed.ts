import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { root } from "../e2e/instance.ts";

export const textOf = (path: string) => readFileSync(join(root, path), "utf8");

/** A file of one YAML document. @throws when it is none, or says something twice */
export function yamlOf<T>(path: string): T {
  return parse(textOf(path));
}

/** A file of several. */
export function documentsOf<T>(path: string): T[] {
  return parseAllDocuments(textOf(path)).map((document) => {
    if (document.errors[0] !== undefined) throw document.errors[0];
    return document.toJS();
  });
}

export type Rule = {
  alert: string;
  expr: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
};

export function rules(): Rule[] {
  const { groups } = yamlOf<{ groups: { rules: Rule[] }[] }>("deploy/prometheus/rules.yaml");
  return groups.flatMap((group) => group.rules);
}

type Settings = { unit?: string; thresholds?: { steps: { value: number | null }[] } };

export type Panel = {
  id: number;
  type: string;
  title: string;
  gridPos: { x: number; y: number; w: number; h: number };
  targets?: { refId: string; expr: string; legendFormat?: string; instant?: boolean }[];
  fieldConfig?: { defaults: Settings; overrides: { properties: { id: string; value: unknown }[] }[] };
  datasource?: { uid: string };
};

export function panels(): Panel[] {
  return JSON.parse(textOf("deploy/grafana/dashboards/wishbell.json")).panels;
}

/** A program of the machine, by the package of Debian that has it. Without it the test is skipped; in CI it fails. */
export function needs({ skip }: TestContext, program: string, debianPackage: string): string {
  try {
    return execFileSync("which", [program], { encoding: "utf8" }).trim();
  } catch {
    const reason = `${program} is missing: apt-get install ${debianPackage}`;
    if (process.env.CI) throw new Error(reason);
    return skip(reason);
  }
}
