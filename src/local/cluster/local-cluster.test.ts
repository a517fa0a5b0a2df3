import { fileURLToPath } from "node:url";
import { test } from "tap";
import { clusterContract } from "../../../test/cluster-contract.ts";
import {
  externalSecretManifest,
  managedSecret,
  manager,
  refused,
  signal,
  textOf,
  type ContractWorld,
  type Manifest,
} from "../../../test/cluster-contract/world.ts";
import { externalSecret } from "../../api/kinds/external-secret.ts";
import { manifestKinds, readObject } from "../manifests/read-object.ts";
import { secretKind, type DesiredObject } from "./desired.ts";
import { createLocalCluster, type LocalCluster } from "./local-cluster.ts";
import { loadSchemas } from "./schemas.ts";

const schemas = await loadSchemas(fileURLToPath(new URL("../../../deploy/crds", import.meta.url)));
const kinds = manifestKinds(schemas);
const app = { namespace: "team", name: "app" };

function desired(manifest: Manifest): DesiredObject {
  const { object, problems } = readObject(kinds, manifest);
  if (object === undefined) throw new Error(JSON.stringify(problems));
  return object;
}

function secret(data: Readonly<Record<string, string>>, more: Partial<Manifest["metadata"]> = {}): DesiredObject {
  const metadata = { name: "user", namespace: "team", ...more };
  return desired({ apiVersion: "v1", kind: "Secret", metadata, stringData: data });
}

function makeCluster(now = () => 1_700_000_000_000): LocalCluster {
  return createLocalCluster({ schemas, now });
}

async function contractWorld(): Promise<ContractWorld> {
  const cluster = makeCluster(Date.now);
  return {
    cluster,
    admin: {
      create: async (manifest) => void cluster.apply(desired(manifest)),
      replace: async (manifest) => void cluster.apply(desired(manifest)),
      delete: async (kind, key) => void cluster.remove(kind, key),
    },
  };
}

test("the cluster contract", async (t) => clusterContract(t, contractWorld));

test("apply says what it did", async (t) => {
  const cluster = makeCluster();
  const outcome = (object: DesiredObject) => cluster.apply(object).outcome;
  t.equal(outcome(desired(externalSecretManifest("team"))), "created");
  t.equal(outcome(desired(externalSecretManifest("team"))), "unchanged");
  t.equal(cluster.get(externalSecret, app)?.metadata.resourceVersion, "1", "nothing was written");
  t.equal(outcome(desired(externalSecretManifest("team", { labels: { a: "b" } }))), "configured");
  t.equal(outcome(desired(externalSecretManifest("team"))), "configured");
  t.same(cluster.get(externalSecret, app)?.metadata.labels, {}, "a label that the manifest lost is gone");
});

test("apply keeps the keys, labels and annotations that others added", async (t) => {
  const cluster = makeCluster();
  cluster.apply(secret({ one: "1", two: "2" }, { labels: { mine: "x" } }));
  const key = { namespace: "team", name: "user" };
  const version = cluster.referencedVersion("Secret", key)?.resourceVersion ?? "";
  const labels = { mine: "x", "reconcile.external-secrets.io/managed": "true" };
  const data = new Map(["one", "two", "added"].map((name) => [name, Buffer.from(name)]));
  const write = managedSecret("team", { name: "user", labels, annotations: { theirs: "y" }, data });
  await cluster.updateSecret(write, version, manager, signal);

  t.equal(cluster.apply(secret({ one: "changed" })).outcome, "configured");
  const merged = cluster.secret(key);
  t.same(Array.from(merged?.data?.keys() ?? []).sort(), ["added", "one"]);
  t.equal(textOf(merged, "one"), "changed");
  t.same(merged?.metadata.labels, { "reconcile.external-secrets.io/managed": "true" });
  t.same(merged?.metadata.annotations, { theirs: "y" });
});

test("replaceAll applies what is given, deletes what is gone and stops for nothing", async (t) => {
  const cluster = makeCluster();
  const first = desired(externalSecretManifest("team", { name: "first" }));
  const second = desired(externalSecretManifest("team", { name: "second" }));
  const fixed = desired({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "fixed", namespace: "team" },
    immutable: true,
    stringData: { a: "1" },
  });
  await cluster.createSecret(managedSecret("team"), manager, signal);
  cluster.replaceAll([first, second, fixed]);

  const broken = { ...fixed, content: { ...fixed.content, data: new Map() } } as DesiredObject;
  const outcomes = (pruned: boolean) =>
    cluster.replaceAll([broken, first], { prune: pruned }).map(({ key, outcome }) => `${key.name} ${outcome}`);
  t.same(outcomes(false), ["fixed refused", "first unchanged"]);
  t.ok(cluster.get(externalSecret, { namespace: "team", name: "second" }), "without prune it stays");
  t.same(outcomes(true), ["fixed refused", "first unchanged", "second deleted"]);
  t.equal(cluster.get(externalSecret, { namespace: "team", name: "second" }), undefined);
  t.ok(cluster.secret(app), "what a controller made is not deleted");
  const [refusal] = cluster.replaceAll([broken, first]);
  t.match(refusal?.message, /Secret fixed is invalid: data: .*immutable/);
});

test("apply refuses what the schema refuses, and a kind without one", async (t) => {
  const cluster = makeCluster();
  const good = desired(externalSecretManifest("team"));
  t.throws(() => cluster.apply({ ...good, content: { form: "custom", spec: { data: "hunter2" } } }), {
    name: "ClusterError",
    reason: "Invalid",
    message: "ExternalSecret app is invalid: spec.data: must be of type array, not string",
  });
  const kind = { apiVersion: "example.com/v1", kind: "Other", namespaced: true };
  t.throws(() => cluster.apply({ ...good, kind }), { name: "ClusterError", reason: "NotFound" });
});

test("messages name the fields and never the values, and list a bounded number", async (t) => {
  const cluster = makeCluster();
  const data = new Map(Array.from({ length: 50_000 }, (_, index) => [`a ${index}\u001b[2J`, Buffer.from("hunter2")]));
  await t.rejects(cluster.createSecret(managedSecret("team", { data }), manager, signal), {
    message: /^Secret app is invalid: data\[a 0\\x1b\[2J\]: a key must consist of .*; and 49995 more$/,
  });
});

test("requests are counted by verb and resource, refused ones too", async (t) => {
  const cluster = makeCluster();
  cluster.apply(desired(externalSecretManifest("team")));
  t.same(cluster.writes(), new Map(), "what users apply is no controller's write");
  await cluster.createSecret(managedSecret("team"), manager, signal);
  await refused(t, cluster.createSecret(managedSecret("team"), manager, signal), "AlreadyExists", "again");
  await cluster.updateStatus(externalSecret, app, "1", { syncedResourceVersion: "x" }, signal);
  cluster.event(externalSecret, app, { type: "Normal", reason: "Created", message: "secret created" });
  cluster.event(externalSecret, app, { type: "Normal", reason: "Created", message: "secret created" });
  await cluster.referencedKeys("Secret", app, ["password"], signal);
  t.same(
    cluster.writes(),
    new Map([
      ["create Secret", 2],
      ["update ExternalSecret/status", 1],
      ["create Event", 1],
      ["patch Event", 1],
    ]),
  );
  t.same(cluster.reads(), new Map([["get Secret", 1]]));
});

test("equal events become one with a count; an object keeps its last twenty", async (t) => {
  let time = 1000;
  const cluster = makeCluster(() => time);
  const record = (message: string) => {
    cluster.event(externalSecret, app, { type: "Warning", reason: "UpdateFailed", message });
    time += 1000;
  };
  record("one");
  record("two");
  record("one");
  const [two, one] = cluster.events(externalSecret, app);
  t.match(two, { message: "two", count: 1 });
  t.match(one, { message: "one", count: 2, firstAt: 1000, lastAt: 3000 });
  for (let index = 0; index < 30; index++) record(`message ${index}`);
  t.same(
    cluster.events(externalSecret, app).map(({ message }) => message),
    Array.from({ length: 20 }, (_, index) => `message ${index + 10}`),
  );
  t.same(cluster.events(externalSecret, { namespace: "team", name: "other" }), []);
});

test("whoever listens for events hears which object got one, and not through its changes", async (t) => {
  const cluster = makeCluster();
  const heard: string[] = [];
  const end = cluster.watchEvents(({ kind, key }) => heard.push(`${kind} ${key.namespace}/${key.name}`));
  cluster.watch(() => t.fail("an event changes no object"));
  const event = { type: "Warning", reason: "UpdateFailed", message: "one" } as const;
  cluster.event(externalSecret, app, event);
  cluster.event(externalSecret, app, event);
  await Promise.resolve();
  t.same(heard, [`ExternalSecret ${app.namespace}/${app.name}`]);
  end();
  cluster.event(externalSecret, app, event);
  await Promise.resolve();
  t.equal(heard.length, 1);
});

test("no API server, no tokens", async (t) => {
  await t.rejects(makeCluster().token(app, [], 600, signal), {
    reason: "Invalid",
    message: /^serviceAccountRef is not available in local mode/,
  });
});

test("a namespace exists while something lives in it, and listeners hear of both", async (t) => {
  const cluster = makeCluster();
  const heard: string[] = [];
  cluster.watch(({ kind, key }) => heard.push(`${kind} ${key.name}`));
  t.equal(cluster.namespace("team"), undefined);
  t.ok(cluster.namespace("default"));
  cluster.apply(desired(externalSecretManifest("team")));
  t.same(cluster.namespace("team"), { name: "team", labels: { "kubernetes.io/metadata.name": "team" } });
  await Promise.resolve();
  t.same(heard.splice(0), ["ExternalSecret app", "Namespace team"]);
  cluster.remove(externalSecret, app);
  t.equal(cluster.namespace("team"), undefined);
  await Promise.resolve();
  t.same(heard, ["ExternalSecret app", "Namespace team"]);
});

test("listeners hear of an object once, however often it changed before they were told", async (t) => {
  const cluster = makeCluster();
  const heard: string[] = [];
  cluster.watch(({ kind, key }) => kind === "ExternalSecret" && heard.push(key.name));
  for (const label of ["a", "b", "c"]) cluster.apply(desired(externalSecretManifest("team", { labels: { label } })));
  t.same(heard, [], "not before the write returned");
  await Promise.resolve();
  t.same(heard, ["app"]);
});

test("a snapshot has all objects, and Secrets whole", async (t) => {
  const cluster = makeCluster();
  cluster.apply(desired(externalSecretManifest("team")));
  cluster.apply(secret({ one: "1" }));
  await cluster.createSecret(managedSecret("team"), manager, signal);
  const { objects, secrets } = cluster.snapshot();
  t.same(
    objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`),
    ["ExternalSecret app"],
  );
  t.same(
    secrets.map((found) => [found.metadata.name, found.data?.size]),
    [
      ["user", 1],
      ["app", 1],
    ],
  );
});

test("remove says whether there was something", async (t) => {
  const cluster = makeCluster();
  cluster.apply(secret({ one: "1" }));
  const key = { namespace: "team", name: "user" };
  t.equal(cluster.remove(secretKind, key), true);
  t.equal(cluster.remove(secretKind, key), false);
});

test("a list is made once, until its kind changes", async (t) => {
  const cluster = makeCluster();
  for (let index = 0; index < 10_000; index++) {
    cluster.apply(desired(externalSecretManifest("team", { name: `app-${index}` })));
  }
  const all = cluster.list(externalSecret);
  t.equal(all.length, 10_000);
  t.equal(cluster.list(externalSecret), all);
  cluster.apply(secret({ one: "1" }));
  t.equal(cluster.list(externalSecret), all, "another kind's write leaves it");
  cluster.remove(externalSecret, { namespace: "team", name: "app-7" });
  t.equal(cluster.list(externalSecret).length, 9999);
  t.equal(all.length, 10_000, "a list that was handed out stays as it was");
});
