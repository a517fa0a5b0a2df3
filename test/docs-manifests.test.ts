import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "tap";
import { parseAllDocuments } from "yaml";
import { apiServerMissing, startApiServer } from "./api-server.ts";
import { applyCrds } from "./crds/server.ts";
import { root } from "./test-bundles.ts";

const page = join(root, "docs", "providers-and-references.md");

test(
  "an API server takes the manifests of docs/providers-and-references.md",
  { skip: apiServerMissing() },
  async (t) => {
    const api = await startApiServer();
    t.teardown(() => api.stop());
    await applyCrds(api);
    for (const namespace of ["external-secrets", "team-a", "platform"])
      await api.kubectl(["create", "namespace", namespace]);
    const blocks = [...readFileSync(page, "utf8").matchAll(/^```yaml\n([^]*?)^```$/gm)].map(([, text = ""]) => text);
    t.ok(blocks.length > 5, `${blocks.length} manifests`);
    const kinds = blocks.flatMap((text) => parseAllDocuments(text).map((document) => String(document.get("kind"))));
    for (const kind of [
      "SecretStore",
      "ClusterSecretStore",
      "Provider",
      "ClusterProvider",
      "ClusterProviderClass",
      "Vault",
    ])
      t.ok(kinds.includes(kind), `there is one of a ${kind}`);
    for (const text of blocks) {
      await t.resolves(
        api.kubectl(["apply", "--server-side", "--validate=strict", "-f", "-"], text),
        text.slice(0, 200),
      );
    }
    await t.rejects(
      api.kubectl(["apply", "--server-side", "-f", "-"], (blocks[0] ?? "").replace("secretStoreRef", "storeReference")),
      /storeReference/,
      "a field that is not there is not passed over",
    );
  },
);
