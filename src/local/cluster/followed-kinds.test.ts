import { fileURLToPath } from "node:url";
import { test, type Test } from "tap";
import type { Change } from "../../cluster/cluster.ts";
import { manifestKinds, readObject } from "../manifests/read-object.ts";
import { secretKind } from "./desired.ts";
import { createLocalCluster } from "./local-cluster.ts";
import { loadSchemas } from "./schemas.ts";

const shipped = fileURLToPath(new URL("../../../deploy/crds", import.meta.url));
const signal = new AbortController().signal;
const key = { namespace: "team", name: "main" };

/** A third party's kind that is called as one of Kubernetes' own. */
const secretCrd = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: {
    name: "secrets.example.com",
    labels: { "external-secrets.io/provider-config": "true" },
    annotations: { "external-secrets.io/provider-config": '{"key":"example","references":[]}' },
  },
  spec: {
    group: "example.com",
    scope: "Namespaced",
    names: { kind: "Secret", plural: "secrets" },
    versions: [
      version("v1", { served: true, storage: true, subresources: { status: {} } }),
      version("v1beta1", { served: true, storage: false }),
      version("v1alpha1", { served: false, storage: false }),
    ],
  },
};

function version(name: string, rest: object): object {
  const spec = { type: "object", properties: { address: { type: "string" } } };
  const status = { type: "object", properties: { conditions: { type: "array", items: { type: "object" } } } };
  const properties = { apiVersion: { type: "string" }, kind: { type: "string" }, metadata: { type: "object" } };
  return {
    name,
    ...rest,
    schema: { openAPIV3Schema: { type: "object", properties: { ...properties, spec, status } } },
  };
}

async function thirdParty(t: Test) {
  const schemas = await loadSchemas(t.testdir({ "secrets.yaml": JSON.stringify(secretCrd) }));
  const kinds = manifestKinds(schemas);
  const cluster = createLocalCluster({ schemas, now: Date.now });
  const read = (manifest: object) => readObject(kinds, { metadata: key, ...manifest });
  const apply = (manifest: object) => {
    const { object, problems } = read(manifest);
    if (object === undefined) throw new Error(JSON.stringify(problems));
    return cluster.apply(object);
  };
  return { cluster, read, apply };
}

test("the config kinds that are shipped are followed, with what their CRDs say of them", async (t) => {
  const cluster = createLocalCluster({ schemas: await loadSchemas(shipped), now: Date.now });
  const { annotations = {}, ...vault } = cluster.followedKind("Vault.provider.external-secrets.io") ?? {};
  t.strictSame(vault, {
    apiVersion: "provider.external-secrets.io/v2alpha1",
    kind: "Vault",
    namespaced: true,
    group: "provider.external-secrets.io",
    plural: "vaults",
    servedVersions: ["v2alpha1"],
    hasStatus: true,
  });
  const mark = JSON.parse(annotations["external-secrets.io/provider-config"] ?? "{}");
  t.match(mark, { key: "vault", references: [{ path: "/auth/tokenSecretRef", kind: "Secret" }] });
  t.strictSame(
    cluster.followedKinds().map(({ kind }) => kind),
    ["Fake", "Vault"],
    "no other kind is",
  );
  t.equal(cluster.followedKind("Vault"), undefined);
});

test("a kind of somebody's own group is read, written and told of by its whole name", async (t) => {
  const { cluster, apply } = await thirdParty(t);
  const kind = cluster.followedKind("Secret.example.com");
  t.match(kind, { apiVersion: "example.com/v1", servedVersions: ["v1", "v1beta1"], hasStatus: true });
  if (kind === undefined) return;
  const changes: Change[] = [];
  cluster.watch((change) => changes.push(change));

  apply({ apiVersion: "example.com/v1", kind: "Secret", spec: { address: "https://example.com" } });
  t.match(cluster.get(kind, key), { apiVersion: "example.com/v1", kind: "Secret", spec: { address: /example/ } });
  t.match(cluster.get({ ...kind, apiVersion: "example.com/v1beta1" }, key), { apiVersion: "example.com/v1" });
  t.equal(cluster.list(kind, "team").length, 1);
  t.equal(cluster.secret(key), undefined, "it is no Secret");
  t.equal(cluster.referencedVersion("Secret", key), undefined);

  apply({ apiVersion: "v1", kind: "Secret", stringData: { user: "alice" } });
  t.equal(cluster.snapshot().secrets.length, 1, "both live side by side");
  const { resourceVersion = "" } = cluster.get(kind, key)?.metadata ?? {};
  await cluster.updateStatus(kind, key, resourceVersion, { conditions: [] }, signal);
  t.strictSame(cluster.get(kind, key)?.status, { conditions: [] });
  cluster.event(kind, key, { type: "Warning", reason: "Refused", message: "no" });
  t.strictSame([cluster.events(kind, key).length, cluster.events(secretKind, key).length], [1, 0]);
  t.ok(cluster.remove(kind, key));
  t.ok(cluster.secret(key), "the Secret of that name stays");
  await Promise.resolve();
  t.strictSame(new Set(changes.map((change) => change.kind)), new Set(["Secret.example.com", "Namespace", "Secret"]));
});

test("a manifest's group decides which of two kinds of one name is meant", async (t) => {
  const { read } = await thirdParty(t);
  const data = { user: "YWxpY2U=" };
  t.match(read({ apiVersion: "v1", kind: "Secret", data }), { object: { content: { form: "Secret" } } });
  t.match(read({ apiVersion: "example.com/v1", kind: "Secret", data }), {
    problems: [{ pointer: "/data", message: "is not a field of this object" }],
  });
  t.match(read({ apiVersion: "example.com/v1beta1", kind: "Secret" }), {
    problems: [{ pointer: "/apiVersion", message: "Secret.example.com is served as example.com/v1 only" }],
  });
  t.match(read({ apiVersion: "apps/v1", kind: "Secret" }), {
    problems: [
      {
        pointer: "/kind",
        message: /^apps\/v1 Secret is not for local mode, which takes .*Secret, Secret\.example\.com/,
      },
    ],
  });
});

test("a CRD that says nothing of a provider's configuration is not followed", async (t) => {
  const { labels: _, ...metadata } = secretCrd.metadata;
  const schemas = await loadSchemas(t.testdir({ "secrets.yaml": JSON.stringify({ ...secretCrd, metadata }) }));
  const cluster = createLocalCluster({ schemas, now: Date.now });
  t.strictSame(cluster.followedKinds(), []);
  t.ok(schemas.has("Secret.example.com"), "it is known");
});
