import { join } from "node:path";
import pino from "pino";
import { test, type Test } from "tap";
import type { ApiServer } from "../../../test/api-server.ts";
import { apiServerMissing, startApiServer } from "../../../test/api-server.ts";
import { eventually, signal } from "../../../test/cluster-contract/world.ts";
import { configDefinition } from "../../../test/config-definition.ts";
import { applyCrds } from "../../../test/crds/server.ts";
import { root } from "../../../test/test-bundles.ts";
import { providerLabel } from "../../api/provider-labels.ts";
import { Registry } from "../../process/metrics.ts";
import { parseSettings } from "../../process/settings.ts";
import { connectApi } from "./api.ts";
import { processSettings } from "./settings.ts";

const parts = { controllerManager: true, audit: true } as const;
const system = "external-secrets";
const key = (namespace: string, name = "main") => ({ namespace, name });

/** An API server with the shipped manifests, and two tenants. */
async function shipped(t: Test, folder: string) {
  const api = await startApiServer({ ...parts, prepare: applyCrds });
  t.teardown(() => api.stop());
  for (const namespace of ["team-a", "team-b", "team-c"]) await api.kubectl(["create", "namespace", namespace]);
  await api.kubectl(["apply", "-k", join(root, "deploy", "kustomize", folder)]);
  const account = await api.serviceAccount(system, "outboard-core");
  const apply = (namespace: string, ...manifests: readonly object[]) =>
    api.kubectl(
      ["-n", namespace, "apply", "--server-side", "-f", "-"],
      manifests.map((manifest) => JSON.stringify(manifest)).join("\n---\n"),
    );
  const connect = async (...args: readonly string[]) => {
    const cluster = await connectApi({
      settings: parseSettings(processSettings, ["--kubeconfig", account.kubeconfig, ...args]),
      systemNamespace: system,
      registry: new Registry(),
      logger: pino({ level: "silent" }),
    });
    t.teardown(() => cluster.stop());
    return cluster;
  };
  return { api, apply, connect, denied: () => deniedTo(api, account.username) };
}

/** What was refused to an account, as "verb resource in NAMESPACE". */
function deniedTo(api: ApiServer, username: string): readonly string[] {
  return api
    .auditLines()
    .filter(({ user, responseStatus }) => user.username === username && responseStatus?.code === 403)
    .map(({ verb, requestURI }) => `${verb} ${requestURI}`);
}

const service = (name: string) => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name, labels: { [providerLabel]: "true" } },
  spec: { ports: [{ port: 8080 }] },
});
const vault = (name: string) => ({
  apiVersion: "provider.external-secrets.io/v2alpha1",
  kind: "Vault",
  metadata: { name },
  spec: { server: "https://vault", auth: { tokenSecretRef: { name: "token", key: "token" } } },
});
const vaultId = "Vault.provider.external-secrets.io";

test("core under its shipped ClusterRoles", { skip: apiServerMissing(parts) }, async (t) => {
  const { api, apply, connect, denied } = await shipped(t, "base");
  await apply("team-a", service("own"), vault("main"));
  // Kubernetes puts the rules together in its own time.
  await api.kubectl([
    "wait",
    "--timeout=30s",
    "clusterrole/outboard-core-config-kinds",
    "--for=jsonpath={.rules[0].apiGroups[0]}=provider.external-secrets.io",
  ]);
  const cluster = await connect();
  await cluster.synced;
  const kind = cluster.followedKind(vaultId);
  const object = kind && cluster.get(kind, key("team-a"));
  if (kind === undefined || object === undefined) throw new Error("our own kind is not followed");
  const status = { conditions: [] };
  await cluster.updateStatus(kind, key("team-a"), object.metadata.resourceVersion, status, signal);
  t.strictSame(
    cluster.services().map(({ metadata }) => metadata.name),
    ["own"],
  );
  t.strictSame(await cluster.endpointSlices(key("team-a", "own"), signal), []);
  t.strictSame(denied(), [], "no right was missing");

  await t.test("a third party's kind comes with its definition and a ClusterRole of theirs", async (t) => {
    const definition = configDefinition({ group: "acme.example.com", kind: "Acme" });
    await apply("default", definition);
    await eventually(() => denied().some((right) => right.includes("/acmes")), "it may not be listed");
    t.equal(cluster.followedKind("Acme.acme.example.com"), undefined);
    const rule = { apiGroups: ["acme.example.com"] };
    await apply("team-b", {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRole",
      metadata: { name: "acme", labels: { "external-secrets.io/aggregate-to-controller": "true" } },
      rules: [
        { ...rule, resources: ["acmes"], verbs: ["list", "watch"] },
        { ...rule, resources: ["acmes/status"], verbs: ["update"] },
      ],
    });
    const acme = await eventually(() => cluster.followedKind("Acme.acme.example.com"), "it is followed");
    await apply("team-b", { apiVersion: acme.apiVersion, kind: "Acme", metadata: { name: "main" }, spec: {} });
    const { metadata } = await eventually(() => cluster.get(acme, key("team-b")), "its object is seen");
    await cluster.updateStatus(acme, key("team-b"), metadata.resourceVersion, status, signal);
  });
});

test("core under its shipped Roles of two namespaces", { skip: apiServerMissing(parts) }, async (t) => {
  const { api, apply, connect, denied } = await shipped(t, join("examples", "namespaced"));
  for (const namespace of ["team-a", "team-c", system]) await apply(namespace, service("own"), vault("main"));
  await api.kubectl([
    "wait",
    "--timeout=30s",
    "clusterrole/outboard-core-config-kinds",
    "--for=jsonpath={.rules[0].apiGroups[0]}=provider.external-secrets.io",
  ]);
  const only = ["--namespace=team-a", "--namespace=team-b", "--enable-cluster-store-reconciler=false"];
  const cluster = await connect(...only);
  await cluster.synced;
  const kind = cluster.followedKind(vaultId);
  const held = kind === undefined ? [] : cluster.list(kind).map(({ metadata }) => metadata.namespace);
  t.strictSame(held, ["team-a"]);
  const places = cluster.services().map(({ metadata }) => metadata.namespace);
  t.strictSame(places.toSorted(), [system, "team-a"].toSorted());
  for (const namespace of places) await cluster.endpointSlices(key(namespace, "own"), signal);
  t.strictSame(denied(), [], "no right was missing");
});
