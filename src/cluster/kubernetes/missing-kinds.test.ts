import pino from "pino";
import { test } from "tap";
import { apiServerMissing, startApiServer } from "../../../test/api-server.ts";
import { eventually, externalSecretManifest } from "../../../test/cluster-contract/world.ts";
import { applyCrds } from "../../../test/crds/server.ts";
import { clusterAdmin, kubernetesCluster } from "../../../test/kubernetes-world.ts";
import { externalSecret } from "../../api/kinds/external-secret.ts";
import { secretStore } from "../../api/kinds/secret-store.ts";

test(
  "kinds that the API server does not have hold up nothing, and come when they are there",
  {
    skip: apiServerMissing(),
  },
  async (t) => {
    const api = await startApiServer();
    t.teardown(() => api.stop());
    const admin = await clusterAdmin(api);
    const logged: Readonly<Record<string, unknown>>[] = [];
    const logger = pino({ level: "info" }, { write: (line: string) => void logged.push(JSON.parse(line)) });
    const kinds = [externalSecret, secretStore];
    const cluster = await kubernetesCluster(api.adminKubeconfig, { kinds, logger, missingInterval: 200 });
    t.teardown(() => cluster.stop());
    await cluster.synced;
    t.strictSame(cluster.awaited(), []);
    t.strictSame(cluster.list(externalSecret), []);
    const saying = (msg: string) => logged.filter((line) => line["msg"] === msg);
    const missing = "the API server does not have this kind";
    const lines = saying(missing).toSorted((a, b) => (String(a["objects"]) < String(b["objects"]) ? -1 : 1));
    t.match(lines, [
      { objects: "externalsecrets", remedy: /deploy\/crds/ },
      { objects: "secretstores", remedy: /deploy\/crds/ },
    ]);

    await applyCrds(api);
    await admin.create(externalSecretManifest("default"));
    const key = { namespace: "default", name: "app" };
    await eventually(() => cluster.get(externalSecret, key), "it is seen without a restart");
    await eventually(() => saying("the API server has this kind now").length === 2, "both are there");
    t.equal(saying(missing).length, 2, "one line for each, however often it was asked for");

    await api.kubectl(["delete", "crd", "externalsecrets.external-secrets.io"]);
    await eventually(() => saying(missing).length === 3, "it is told that one is gone");
    t.equal(cluster.get(externalSecret, key), undefined);
    await applyCrds(api);
    await admin.create(externalSecretManifest("default", { name: "again" }));
    await eventually(() => cluster.get(externalSecret, { ...key, name: "again" }), "and it comes again");
  },
);
