import { test } from "tap";
import { loadSchemas } from "../src/local/cluster/schemas.ts";
import { apiServerMissing, startApiServer } from "./api-server.ts";
import { localVerdictOf } from "./crds/local.ts";
import { badMetadata, goodMetadata } from "./crds/metadata.ts";
import { wholeRef } from "./crds/provider-refs.ts";
import type { TableKind, Written } from "./crds/row.ts";
import { applyCrds, createBases, verdictOf } from "./crds/server.ts";
import { badRows, goodRows } from "./crds/table.ts";

const bases: Readonly<Record<TableKind, object>> = {
  ExternalSecret: {},
  SecretStore: { provider: { fake: { data: [] } } },
  ClusterSecretStore: { provider: { fake: { data: [] } } },
  ProviderClass: { address: "provider:8080" },
  ClusterProviderClass: { address: "provider:8080" },
  Provider: { providerRef: wholeRef },
  ClusterProvider: { providerRef: wholeRef },
  "Fake.provider.external-secrets.io": { data: [] },
  "Vault.provider.external-secrets.io": { server: "http://vault:8200" },
};

test("a real API server and local mode", { skip: apiServerMissing() }, async (t) => {
  const api = await startApiServer();
  t.teardown(() => api.stop());
  await applyCrds(api);
  const schemas = await loadSchemas("deploy/crds");
  const stored = await createBases(api, schemas, bases);
  const ask = async (kind: TableKind, written: Written & { metadata?: object }) => ({
    server: await verdictOf(api, { schemas, kind, base: stored.get(kind) }, written),
    local: await localVerdictOf(schemas, kind, written, bases[kind]),
  });
  const good = goodRows.flatMap((row) => row.kinds.map((kind) => ({ ...row, kind })));
  const bad = badRows.flatMap((row) => row.kinds.map((kind) => ({ ...row, kind })));
  t.ok(good.length >= 60 && bad.length >= 60, `${good.length} good and ${bad.length} bad manifests`);

  await t.test("both accept each good manifest and store it with the same defaults", async (t) => {
    for (const { name, kind, written, stored } of good) {
      const { server, local } = await ask(kind, written);
      t.strictSame(server.stored, stored, `${kind}: ${name}`);
      t.strictSame(local.stored, stored, `${kind}, local: ${name}`);
    }
  });

  await t.test("both reject each bad manifest and name all fields that are wrong", async (t) => {
    for (const { name, kind, written, breaks } of bad) {
      const { server, local } = await ask(kind, written);
      const fields = [...new Set(breaks.map((broken) => broken.replace(/ \w+$/, "")))].sort();
      t.match(String(server.status), /^4(00|22)$/, `${kind}: ${name}`);
      t.strictSame(server.fields, fields, `${kind}: ${name}`);
      t.equal(local.stored, undefined, `${kind}, local: ${name}`);
      if (!("status" in written)) t.strictSame(local.fields, fields, `${kind}, local: ${name}`);
    }
  });

  await t.test("both have the same rules on names, labels and annotations", async (t) => {
    for (const { name, metadata } of goodMetadata) {
      const { server, local } = await ask("ExternalSecret", { metadata, spec: {} });
      t.strictSame([server.fields, local.fields], [[], []], name);
    }
    for (const { name, metadata, field } of badMetadata) {
      const { server, local } = await ask("ExternalSecret", { metadata, spec: {} });
      t.equal(server.fields[0], field, name);
      t.ok(local.fields[0]?.startsWith(field), `local: ${name}`);
    }
  });
});
