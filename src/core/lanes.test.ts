import { fileURLToPath } from "node:url";
import { test } from "tap";
import { createLocalCluster } from "../local/cluster/local-cluster.ts";
import { loadSchemas } from "../local/cluster/schemas.ts";
import { manifestKinds, readObject } from "../local/manifests/read-object.ts";
import { managedLabel } from "./controllers/external-secret/names.ts";
import { externalSecretLanes } from "./lanes.ts";

const schemas = await loadSchemas(fileURLToPath(new URL("../../deploy/crds", import.meta.url)));
const kinds = manifestKinds(schemas);
const signal = new AbortController().signal;
const app = { namespace: "team", name: "app" };

test("what is or may be large goes through the narrow lane of its namespace and provider", async (t) => {
  const wide = ["provider:fake", "store:SecretStore/team/main"];
  const narrow = [...wide, "large:team/provider:fake"];
  const data = { data: [{ secretKey: "a", remoteRef: { key: "k" } }] };
  const dataFrom = { dataFrom: [{ extract: { key: "k" } }] };
  const values = (count: number, bytes: number) =>
    new Map(Array.from({ length: count }, (_, index) => [`key-${index}`, new Uint8Array(bytes)]));
  const table: readonly (readonly [
    what: string,
    spec: object,
    target: ReadonlyMap<string, Uint8Array> | undefined,
    expected: readonly string[],
  ])[] = [
    ["single values, no target yet", data, undefined, wide],
    ["a map of any size", dataFrom, undefined, narrow],
    ["a map that was small", dataFrom, values(1_000, 100), wide],
    ["many keys", dataFrom, values(1_001, 1), narrow],
    ["many bytes", data, values(2, 100_000), narrow],
  ];
  for (const [what, spec, target, expected] of table) {
    const cluster = createLocalCluster({ schemas, now: Date.now });
    const apply = (kind: string, name: string, body: object) => {
      const metadata = { namespace: "team", name };
      const { object } = readObject(kinds, { apiVersion: "external-secrets.io/v1", kind, metadata, spec: body });
      if (object === undefined) throw new Error(what);
      return cluster.apply(object);
    };
    apply("SecretStore", "main", { provider: { fake: { data: [] } } });
    apply("ExternalSecret", "app", { secretStoreRef: { name: "main" }, ...spec });
    if (target !== undefined) {
      const write = {
        ...app,
        labels: { [managedLabel]: "true" },
        annotations: {},
        finalizers: [],
        ownerReferences: [],
        data: target,
      };
      await cluster.createSecret(write, "test", signal);
    }
    const names = externalSecretLanes(cluster, app).map(({ name }) => name);
    t.strictSame(names.toSorted(), [...expected].toSorted(), what);
  }
});
