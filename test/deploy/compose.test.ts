import { existsSync } from "node:fs";
import { join } from "node:path";
import { DCLinter } from "dclint";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { root } from "../e2e/instance.ts";
import { textOf, yamlOf } from "./deployed.ts";

type Service = {
  image: string;
  user?: string;
  read_only?: boolean;
  cap_drop?: string[];
  security_opt?: string[];
  ports?: string[];
  volumes?: string[];
  healthcheck?: object;
  env_file?: string;
  environment?: Record<string, string>;
  stop_grace_period?: string;
  restart?: string;
};

const { services, volumes } = parse(textOf("compose.yaml"), { merge: true }) as {
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
};
const each = Object.entries(services).map(([name, service]) => ({ name, ...service }));

test("the file is what the Compose specification says, and nothing in it is there twice", () => {
  const rules = Object.fromEntries(OPINIONS.map((rule) => [rule, 0 as const]));
  const linter = new DCLinter({ rules, quiet: false, debug: false, exclude: [] });
  const [file]: { messages: { line: number; message: string }[] }[] = linter.lintFiles(
    [join(root, "compose.yaml")],
    false,
  );
  expect(file?.messages.map(({ line, message }) => `${line}: ${message}`)).toEqual([]);
});

/** Rules about taste; and one that does not know a default of a variable for an address. */
const OPINIONS = [
  "service-keys-order",
  "services-alphabetical-order",
  "top-level-properties-order",
  "no-build-and-image",
  "no-quotes-in-volumes",
  "require-quotes-in-ports",
  "no-unbound-port-interfaces",
];

test.each(each)(
  "$name keeps to its folders, has no rights that it does not need, and is of a known version",
  (service) => {
    expect(service.read_only).toBe(true);
    expect(service.cap_drop).toEqual(["ALL"]);
    expect(service.security_opt).toEqual(["no-new-privileges:true"]);
    expect(service.restart).toBe("unless-stopped");
    expect(service.image).toMatch(/:(v?\d+\.\d+\.\d+(-\w+)?|local)$/);
    // The Dockerfile of ours says both; the proxy's image has no user.
    if (service.name !== "wishbell") expect(service.healthcheck).toBeDefined();
    if (!["wishbell", "proxy"].includes(service.name)) expect(service.user).toMatch(/^[1-9]\d+:[1-9]\d+$/);
    for (const port of service.ports ?? []) expect(port).toMatch(/^(127\.0\.0\.1|\$\{PUBLIC_ADDRESS:-127\.0\.0\.1\}):/);
    for (const volume of service.volumes ?? []) {
      const [from = "", , mode] = volume.split(":");
      if (from.startsWith(".")) {
        expect(existsSync(join(root, from)), from).toBe(true);
        expect(mode, from).toBe("ro");
      } else expect(volumes).toHaveProperty(from);
    }
  },
);

test("the bot's port is published by nobody, and the bot has the time to stop that it asks for", () => {
  expect(services.wishbell?.ports).toBeUndefined();
  expect(services.wishbell).toMatchObject({ stop_grace_period: "30s", environment: { HOST: "0.0.0.0", PORT: "8080" } });
});

test("Prometheus looks for the bot, and sends alerts, where they are", () => {
  const { scrape_configs: scrapes, alerting } = yamlOf<{
    scrape_configs: { job_name: string; dns_sd_configs: { names: string[]; port: number }[] }[];
    alerting: { alertmanagers: { static_configs: { targets: string[] }[] }[] };
  }>("deploy/prometheus/prometheus.yaml");
  const [bot] = scrapes[0]?.dns_sd_configs ?? [];
  expect(services).toHaveProperty(bot?.names[0] ?? "");
  expect(String(bot?.port)).toBe(services.wishbell?.environment?.PORT);
  const [target = ""] = alerting.alertmanagers[0]?.static_configs[0]?.targets ?? [];
  expect(services).toHaveProperty(target.split(":")[0] ?? "");
});

test("Grafana finds its data where the services are, and the dashboard where it is mounted", () => {
  const { datasources } = yamlOf<{ datasources: { url: string }[] }>(
    "deploy/grafana/provisioning/datasources/wishbell.yaml",
  );
  for (const { url } of datasources) expect(services).toHaveProperty(new URL(url).hostname);
  const { providers } = yamlOf<{ providers: { options: { path: string } }[] }>(
    "deploy/grafana/provisioning/dashboards/wishbell.yaml",
  );
  const path = providers[0]?.options.path;
  expect(services.grafana?.volumes).toContain(`./deploy/grafana/dashboards:${path}:ro`);
  expect(services.grafana?.environment?.GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH).toBe(`${path}/wishbell.json`);
});
