import type { Rule } from "../deployed.ts";
import { yamlOf } from "../deployed.ts";

/**
 * The deployed files at another pace: every span of time in them is divided by `pace`, and nothing else is changed but
 * addresses. Scrapes, evaluations, windows, `for` and the grouping of pages keep their proportions, so that each window
 * holds as many samples as deployed. Thresholds stay, those in seconds too: how old a heartbeat is, is real time.
 */

const UNITS_MS: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** "5m" at pace 15 is "20s". @throws when it is no span of time */
export function quicker(span: string, pace: number): string {
  const [, count, unit = ""] = /^(\d+)(ms|s|m|h|d)$/.exec(span) ?? [];
  const unitMs = UNITS_MS[unit];
  if (unitMs === undefined) throw new Error(`"${span}" is no span of time`);
  const ms = Math.max(Math.round((Number(count) * unitMs) / pace), 1);
  return ms % 1_000 === 0 ? `${ms / 1_000}s` : `${ms}ms`;
}

type DeployedRule = Rule & { for?: string };
type Rules = { groups: { name: string; rules: DeployedRule[] }[] };

export function rulesAt(pace: number): Rules {
  const { groups } = yamlOf<Rules>("deploy/prometheus/rules.yaml");
  return {
    groups: groups.map((group) => ({
      ...group,
      rules: group.rules.map((rule) => ({
        ...rule,
        expr: rule.expr.replaceAll(/\[(\w+)\]/g, (_, span: string) => `[${quicker(span, pace)}]`),
        ...(rule.for !== undefined && { for: quicker(rule.for, pace) }),
      })),
    })),
  };
}

type PrometheusConfig = {
  global: { scrape_interval: string; evaluation_interval: string };
  scrape_configs: { job_name: string }[];
};

/** @param addresses of the rules, of Alertmanager (host and port), and of the file that lists what is scraped */
export function prometheusAt(
  pace: number,
  { rules, alertmanager, targets }: { rules: string; alertmanager: string; targets: string },
): object {
  const { global, scrape_configs } = yamlOf<PrometheusConfig>("deploy/prometheus/prometheus.yaml");
  const [{ job_name } = { job_name: "" }] = scrape_configs;
  return {
    global: {
      scrape_interval: quicker(global.scrape_interval, pace),
      // As the default of 10 s is to 15 s.
      scrape_timeout: quicker("10s", pace),
      evaluation_interval: quicker(global.evaluation_interval, pace),
    },
    rule_files: [rules],
    alerting: { alertmanagers: [{ static_configs: [{ targets: [alertmanager] }] }] },
    scrape_configs: [{ job_name, file_sd_configs: [{ files: [targets], refresh_interval: "1s" }] }],
  };
}

type Route = { group_wait: string; group_interval: string; repeat_interval: string; routes?: Route[] };
type Receiver = { name: string; pagerduty_configs: object[] };
type AlertmanagerConfig = { route: Route; receivers: Receiver[]; inhibit_rules: object[] };

export function alertmanagerAt(pace: number, { url, keyFile }: { url: string; keyFile: string }): object {
  const { route, receivers, inhibit_rules } = yamlOf<AlertmanagerConfig>("deploy/alertmanager/alertmanager.yaml");
  return {
    route: routeAt(pace, route),
    receivers: receivers.map(({ name, pagerduty_configs }) => ({
      name,
      pagerduty_configs: pagerduty_configs.map((config) => ({ ...config, routing_key_file: keyFile, url })),
    })),
    inhibit_rules,
  };
}

function routeAt(pace: number, route: Route): Route {
  return {
    ...route,
    group_wait: quicker(route.group_wait, pace),
    group_interval: quicker(route.group_interval, pace),
    repeat_interval: quicker(route.repeat_interval, pace),
    ...(route.routes && { routes: route.routes.map((inner) => routeAt(pace, inner)) }),
  };
}
