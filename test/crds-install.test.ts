import { setTimeout } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { test } from "tap";
import { isObject, type StructuralSchema } from "../src/api/structural.ts";
import { loadSchemas } from "../src/local/cluster/schemas.ts";
import { apiServerMissing, startApiServer } from "./api-server.ts";
import { esoCrd, ourCrd, withVersions } from "./crds/eso-crds.ts";
import { applyCrds } from "./crds/server.ts";

const plurals = ["externalsecrets", "secretstores", "clustersecretstores"];
const group = "/apis/external-secrets.io";
const server = { skip: apiServerMissing() };

const store = {
  apiVersion: "external-secrets.io/v1",
  kind: "SecretStore",
  metadata: { name: "store" },
  spec: { provider: { fake: { data: [] } } },
};
const externalSecret = {
  apiVersion: "external-secrets.io/v1",
  kind: "ExternalSecret",
  metadata: { name: "app" },
  spec: {
    secretStoreRef: { name: "store", kind: "SecretStore" },
    target: { name: "app-secret" },
    refreshInterval: "15m",
  },
};

/** The words of each line that kubectl printed, columns apart by two spaces and more. */
function table(output: string): readonly (readonly string[])[] {
  return output
    .trimEnd()
    .split("\n")
    .map((line) => line.trim().split(/ {2,}/));
}

test("the CRDs of a cluster that runs ESO are updated in place, with what was stored by them", server, async (t) => {
  const api = await startApiServer();
  t.teardown(() => api.stop());
  const helm = (args: readonly string[], crd: object) =>
    api.kubectl([...args, "--field-manager=helm", "-f", "-"], JSON.stringify(crd));
  for (const plural of plurals) await helm(["create"], esoCrd(plural, "v1beta1"));
  await api.kubectl(["wait", "--for=condition=Established", "--timeout=30s", "crd", "--all"]);
  const old = { ...externalSecret, apiVersion: "external-secrets.io/v1beta1" };
  await api.kubectl(["create", "-f", "-"], JSON.stringify(old));
  for (const plural of plurals) await helm(["replace"], esoCrd(plural, "v1"));

  await t.rejects(
    api.kubectl(["apply", "--server-side", "-f", "deploy/crds"]),
    /conflict/,
    "helm's fields are not taken unasked",
  );
  await applyCrds(api, "--force-conflicts");

  const crd = await api.request(
    "GET",
    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/externalsecrets.external-secrets.io",
  );
  t.match(crd.body, {
    metadata: { labels: { "external-secrets.io/component": "controller" } },
    spec: {
      versions: [
        { name: "v1", served: true, storage: true },
        { name: "v1beta1", served: false, storage: false },
      ],
    },
    status: { storedVersions: ["v1beta1", "v1"] },
  });
  const specOf = async () => {
    const { body } = await api.request("GET", `${group}/v1/namespaces/default/externalsecrets/app`);
    return isObject(body) ? body["spec"] : undefined;
  };
  const target = { name: "app-secret", creationPolicy: "Owner", deletionPolicy: "Retain" };
  const expected = { ...externalSecret.spec, target };
  // The API server takes a moment to go over to the new schema, and with it to its defaults.
  for (let tries = 0; tries < 200 && !isDeepStrictEqual(await specOf(), expected); tries++) {
    await setTimeout(50);
  }
  t.strictSame(await specOf(), expected, "what was stored as v1beta1 has the defaults");
  t.equal((await api.request("GET", `${group}/v1beta1/namespaces/default/externalsecrets/app`)).status, 404);
  const without = withVersions(ourCrd("externalsecrets"), ["v1"]);
  await t.rejects(
    api.kubectl(["apply", "--server-side", "--force-conflicts", "-f", "-"], JSON.stringify(without)),
    /storedVersions/,
    "without v1beta1 the API server would refuse them",
  );
});

test("kubectl shows what ESO's users know", server, async (t) => {
  const api = await startApiServer();
  t.teardown(() => api.stop());
  await applyCrds(api);
  const cluster = { ...store, kind: "ClusterSecretStore" };
  for (const object of [store, cluster, externalSecret])
    await api.kubectl(["create", "-f", "-"], JSON.stringify(object));

  const ready = { type: "Ready", status: "True", reason: "SecretSynced" };
  const status = { conditions: [ready], refreshTime: new Date().toISOString() };
  const capabilities = { conditions: [{ ...ready, reason: "Valid" }], capabilities: "ReadWrite" };
  const patch = (path: string, written: object) =>
    api.request("PATCH", `${group}/v1/${path}/status`, { status: written }, "application/merge-patch+json");
  t.match(await patch("namespaces/default/externalsecrets/app", status), { status: 200 });
  t.match(await patch("namespaces/default/secretstores/store", capabilities), { status: 200 });

  const [columns, values = []] = table(await api.kubectl(["get", "es"]));
  t.strictSame(columns, ["NAME", "STORETYPE", "STORE", "REFRESH INTERVAL", "STATUS", "READY", "LAST SYNC"]);
  t.strictSame(values.slice(0, -1), ["app", "SecretStore", "store", "15m", "SecretSynced", "True"]);
  t.match(values.at(-1), /^\d+s$/);
  const [storeColumns, storeValues = []] = table(await api.kubectl(["get", "ss"]));
  t.strictSame(storeColumns, ["NAME", "AGE", "STATUS", "CAPABILITIES", "READY"]);
  t.strictSame(storeValues.slice(2), ["Valid", "ReadWrite", "True"]);
  t.match(await api.kubectl(["get", "css", "-o", "name"]), /^clustersecretstore\.external-secrets\.io\/store$/m);
  t.strictSame((await api.kubectl(["get", "external-secrets", "-o", "name"])).trim().split("\n").sort(), [
    "clustersecretstore.external-secrets.io/store",
    "externalsecret.external-secrets.io/app",
    "secretstore.external-secrets.io/store",
  ]);

  const providerRef = { apiVersion: "provider.external-secrets.io/v2alpha1", kind: "Fake", name: "main" };
  const provider = { ...store, apiVersion: "external-secrets.io/v1alpha1", kind: "Provider", spec: { providerRef } };
  const fake = { ...providerRef, name: undefined, metadata: { name: "main" }, spec: { data: [] } };
  for (const object of [provider, { ...provider, kind: "ClusterProvider" }, fake])
    await api.kubectl(["create", "-f", "-"], JSON.stringify(object));
  const endpoint = "provider-fake.external-secrets.svc:8080";
  t.match(
    await api.request(
      "PATCH",
      `${group}/v1alpha1/namespaces/default/providers/store/status`,
      { status: { ...capabilities, endpoint } },
      "application/merge-patch+json",
    ),
    { status: 200 },
  );
  const [providerColumns, providerValues = []] = table(await api.kubectl(["get", "prov"]));
  t.strictSame(providerColumns, ["NAME", "ADDRESS", "READY", "STATUS", "CAPABILITIES", "AGE"]);
  t.strictSame(providerValues.slice(0, -1), ["store", endpoint, "True", "Valid", "ReadWrite"]);
  t.match(await api.kubectl(["get", "cprov", "-o", "name"]), /^clusterprovider\.external-secrets\.io\/store$/m);
  t.match(await api.kubectl(["get", "fakes"]), /^NAME +READY +STATUS +AGE\nmain /);

  for (const [field, value] of Object.entries({
    "spec.secretStoreRef.name": "store",
    "spec.secretStoreRef.kind": "SecretStore",
    "spec.target.name": "app-secret",
    "spec.refreshInterval": "15m",
  })) {
    const selected = (selector: string) => api.kubectl(["get", "es", "-o", "name", "--field-selector", selector]);
    t.match(await selected(`${field}=${value}`), /app/, `${field} selects`);
    t.equal(await selected(`${field}=other`), "", `${field} leaves out`);
  }
  await t.rejects(api.kubectl(["get", "es", "--field-selector", "spec.refreshPolicy=OnChange"]), /not supported/);

  t.match(
    await api.kubectl(["explain", "externalsecret.spec.target.deletionPolicy"]),
    /when the backend has nothing any more/,
  );
  t.match(await api.kubectl(["explain", "css.spec.provider.vault.auth.appRole"]), /AppRole auth method/);
});

test("every field of our kinds has a description", async (t) => {
  const missing: string[] = [];
  const visit = (schema: StructuralSchema, field: string) => {
    for (const [name, property] of Object.entries(schema.properties ?? {})) {
      if (property.description === undefined) missing.push(`${field}.${name}`);
      visit(property, `${field}.${name}`);
    }
    for (const inner of [schema.items, schema.additionalProperties]) if (isObject(inner)) visit(inner, `${field}[]`);
  };
  for (const [kind, { schema }] of await loadSchemas("deploy/crds")) visit(schema, kind);
  t.strictSame(
    missing.filter((field) => !field.endsWith(".metadata")),
    [],
  );
});
