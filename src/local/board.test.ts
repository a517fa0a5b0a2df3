import { fileURLToPath } from "node:url";
import { test } from "tap";
import { createBoard } from "./board.ts";
import { createLocalCluster } from "./cluster/local-cluster.ts";
import { loadSchemas } from "./cluster/schemas.ts";
import { manifestKinds, readObject } from "./manifests/read-object.ts";

const schemas = await loadSchemas(fileURLToPath(new URL("../../deploy/crds", import.meta.url)));
const kinds = manifestKinds(schemas);
const signal = new AbortController().signal;
const config = "Fake.provider.external-secrets.io";
const main = { name: "main", namespace: "shop" };
const fake = { apiVersion: "provider.external-secrets.io/v2alpha1", kind: "Fake", metadata: main, spec: { data: [] } };
const providerRef = { apiVersion: fake.apiVersion, kind: fake.kind, name: main.name };
const provider = {
  apiVersion: "external-secrets.io/v1alpha1",
  kind: "Provider",
  metadata: main,
  spec: { providerRef },
};

test("a Provider has a row from the start, a config object once somebody looked at it", async (t) => {
  const cluster = createLocalCluster({ schemas, now: Date.now });
  for (const manifest of [provider, fake]) {
    const { object } = readObject(kinds, manifest);
    if (object !== undefined) cluster.apply(object);
  }
  const board = createBoard(cluster);
  t.teardown(() => board.close());
  board.refresh();
  t.match(board.rows(), [{ kind: "Provider", key: main, state: "unknown" }]);
  t.equal(board.rows().length, 1, "nobody names the config object itself");

  const kind = cluster.followedKind(config);
  const version = kind && cluster.get(kind, main)?.metadata.resourceVersion;
  if (kind === undefined || version === undefined) throw new Error("the config object is not there");
  const ready = { type: "Ready", status: "True", reason: "Valid", message: "store validated" };
  await cluster.updateStatus(kind, main, version, { conditions: [ready] }, signal);
  t.ok(board.refresh());
  t.match(board.rows(), [
    { kind: config, key: main, state: "ready" },
    { kind: "Provider", state: "unknown" },
  ]);
  cluster.remove(kind, main);
  // Listeners hear of it after the write.
  await Promise.resolve();
  board.refresh();
  t.equal(board.rows().length, 1);
});
