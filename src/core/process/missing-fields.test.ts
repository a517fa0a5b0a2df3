import { readFileSync } from "node:fs";
import { test } from "tap";
import { parse } from "yaml";
import { apiServerMissing, startApiServer } from "../../../test/api-server.ts";
import { applyCrds } from "../../../test/crds/server.ts";
import { kubernetesCluster } from "../../../test/kubernetes-world.ts";
import { ClusterError } from "../../cluster/cluster.ts";
import { createLogger } from "../../process/logs.ts";
import { Registry } from "../../process/metrics.ts";
import { coreKinds } from "./api.ts";
import { missingFields, reportMissingFields } from "./missing-fields.ts";

const { signal } = new AbortController();

test("fields that a schema lacks are named where they are missing", (t) => {
  const text = { type: "string" };
  const object = (properties: object, more: object = {}) => ({ type: "object", properties, ...more });
  const list = (items: object) => ({ type: "array", items });
  const fields = { a: text, list: list(object({ b: text, c: object({ d: text }) })) };
  const wanted = object({ spec: object(fields) });
  const rows: readonly (readonly [what: string, served: object, missing: readonly string[]])[] = [
    ["the same", wanted, []],
    ["more than that", object({ spec: object({ ...fields, x: text }) }), []],
    ["nothing", object({}), ["spec"]],
    ["a field", object({ spec: object({ list: fields.list }) }), ["spec.a"]],
    ["one in a list", object({ spec: object({ a: text, list: list(object({ b: text })) }) }), ["spec.list[].c"]],
    ["open", object({ spec: { type: "object", "x-kubernetes-preserve-unknown-fields": true } }), []],
    ["a map", object({ spec: { type: "object", additionalProperties: text } }), []],
  ];
  for (const [what, served, missing] of rows) t.strictSame(missingFields(wanted, served), missing, what);
  t.end();
});

/** Runs it over an API server as it is; what was logged and the metric's text. */
async function report(cluster: Parameters<typeof reportMissingFields>[0]["cluster"]) {
  const lines: string[] = [];
  const write = (line: string) => void lines.push(line);
  const logger = createLogger({ name: "t", level: "info", destination: { write } });
  const registry = new Registry();
  await reportMissingFields({ cluster, kinds: coreKinds, registry, logger, signal });
  const logged: readonly Readonly<Record<string, unknown>>[] = lines.map((line) => JSON.parse(line));
  return { logged, metrics: await registry.metrics() };
}

test("what the served kinds lack is told once, and ours lack nothing", { skip: apiServerMissing() }, async (t) => {
  const api = await startApiServer();
  t.teardown(() => api.stop());
  const cluster = await kubernetesCluster(api.adminKubeconfig, { kinds: [] });
  t.teardown(() => cluster.stop());
  t.strictSame((await report(cluster)).logged, [], "kinds that are not there lack nothing");
  await applyCrds(api);
  // The schemas are published a moment after the kinds are.
  const published = async (kind: string, field: string | undefined) => {
    for (;;) {
      const schema = (await cluster.servedSchemas("external-secrets.io/v1", signal)).get(kind);
      const text = JSON.stringify(schema) ?? "";
      if (schema !== undefined && (field === undefined || !text.includes(`"${field}"`))) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
  for (const kind of ["ExternalSecret", "SecretStore", "ClusterSecretStore"]) await published(kind, undefined);
  const whole = await report(cluster);
  t.strictSame(whole.logged, []);
  t.notMatch(whole.metrics, /outboard_missing_fields\{/);

  // As ESO's own, which know neither.
  const definition = parse(readFileSync("deploy/crds/external-secrets.io_secretstores.yaml", "utf8"));
  for (const { schema } of definition.spec.versions) {
    const { spec } = schema.openAPIV3Schema.properties;
    for (const field of ["runtimeRef", "providerRef"]) delete spec.properties[field];
    delete spec["x-kubernetes-validations"];
    delete spec.required;
  }
  await api.kubectl(["replace", "-f", "-"], JSON.stringify(definition));
  await published("SecretStore", "runtimeRef");
  const { logged, metrics } = await report(cluster);
  t.match(logged, [{ fields: { SecretStore: ["spec.providerRef", "spec.runtimeRef"] }, remedy: /deploy\/crds/ }]);
  t.equal(logged.length, 1);
  t.match(metrics, 'outboard_missing_fields{kind="SecretStore",field="spec.runtimeRef"} 1');
});

test("an API server that does not publish them stops nothing", async (t) => {
  const failing = { servedSchemas: () => Promise.reject(new ClusterError("Unavailable", "503")) };
  const { logged } = await report(failing);
  t.match(logged[0], { apiVersion: "external-secrets.io/v1", error: "503" });
});
