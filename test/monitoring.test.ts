import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "tap";
import { parse } from "yaml";
import { certsMetrics } from "../src/certs/metrics.ts";
import { createLogger } from "../src/process/logs.ts";
import { Registry } from "../src/process/metrics.ts";
import { reloads } from "../src/process/reloads.ts";

interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: { readonly runbook: string };
}

const root = join(import.meta.dirname, "..");
const file = readFileSync(join(root, "deploy", "monitoring", "prometheus-rule.yaml"), "utf8");
const { spec } = parse(file) as { readonly spec: { readonly groups: readonly { readonly rules: readonly Alert[] }[] } };
const alerts = spec.groups.flatMap(({ rules }) => rules);

test("each alert looks at metrics that there are", (t) => {
  const registry = new Registry();
  certsMetrics(registry, () => 0);
  reloads(registry, createLogger({ name: "test", level: "error" }));
  const known = new Set(registry.getMetricsAsArray().map(({ name }) => name));
  const used = new Set(alerts.flatMap(({ expr }) => expr.match(/\beso_\w+/g) ?? []));
  for (const name of used) t.ok(known.has(name), name);
  t.equal(used.size, 4);
  t.end();
});

test("each alert has a runbook page of its name, and each page an alert", (t) => {
  for (const { alert, annotations } of alerts) {
    const page = join(root, annotations.runbook);
    t.ok(existsSync(page) && readFileSync(page, "utf8").startsWith(`# ${alert}\n`), annotations.runbook);
  }
  const pages = readdirSync(join(root, "docs", "runbooks")).map((name) => `docs/runbooks/${name}`);
  t.strictSame(pages.toSorted(), alerts.map(({ annotations }) => annotations.runbook).toSorted());
  t.end();
});
