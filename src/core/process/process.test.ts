import { test } from "tap";
import { coreStore } from "../../../test/core-store.ts";
import { ClusterError } from "../../cluster/cluster.ts";
import { systemNamespace } from "../../cluster/kubernetes/system-namespace.ts";
import { createLogger } from "../../process/logs.ts";
import { Registry } from "../../process/metrics.ts";
import { parseSettings, UsageError } from "../../process/settings.ts";
import { linkedProviders } from "./providers.ts";
import { checkProcessSettings, leaseName, processSettings } from "./settings.ts";
import { reportUnreconciled } from "./unreconciled.ts";

const parse = (...argv: readonly string[]) => {
  const settings = parseSettings(processSettings, argv);
  checkProcessSettings(settings);
  return settings;
};

test("flags have ESO's names and defaults", (t) => {
  t.match(parse(), {
    controllerClass: "default",
    metricsAddr: ":8080",
    liveAddr: ":8082",
    logLevel: "info",
    namespaces: [],
    enableClusterStoreReconciler: true,
    enableSecretStoreReconciler: true,
    enableFloodGate: true,
    storeRequeueInterval: 300_000,
    leaseDuration: 15_000,
    renewDeadline: 10_000,
    retryPeriod: 2_000,
  });
  t.strictSame(parse("--namespace=a", "--namespace", "b").namespaces, ["a", "b"]);
  t.end();
});

test("flags that are no good, or do not fit each other, are refused by name", (t) => {
  const table: readonly (readonly [argv: readonly string[], message: RegExp])[] = [
    [["--metrics-addr=8080"], /--metrics-addr "8080" must be HOST:PORT/],
    [["--live-addr=:70000"], /--live-addr/],
    [["--resolve=vault"], /--resolve/],
    [["--leader-election-lease-duration=10s"], /--leader-election-lease-duration must be longer/],
    [["--leader-election-retry-period=9s"], /--leader-election-renew-deadline must be longer/],
    [["--leader-election-retry-period=0s"], /--leader-election-retry-period/],
    [["--ambient=Some"], /--ambient/],
  ];
  for (const [argv, message] of table)
    t.throws(() => parse(...argv), { name: UsageError.name, message }, argv.join(" "));
  t.end();
});

test("the Lease is ESO's, for a class of its own another", (t) => {
  t.equal(leaseName(parse()), "external-secrets-controller");
  t.equal(leaseName(parse("--controller-class=mine")), "external-secrets-controller-mine");
  t.equal(leaseName(parse("--controller-class=mine", "--leader-election-id=named")), "named");
  t.end();
});

test("the system namespace is the one given, else the pod's, else that of the manifests", async (t) => {
  const folder = t.testdir({ namespace: "infra\n" });
  t.equal(await systemNamespace("given", folder), "given");
  t.equal(await systemNamespace(undefined, folder), "infra");
  t.equal(await systemNamespace(undefined, `${folder}/none`), "external-secrets");
});

test("kinds that are not reconciled are counted, and those that are there named", async (t) => {
  const registry = new Registry();
  const lines: string[] = [];
  const logger = createLogger({ name: "core", level: "info", destination: { write: (line) => lines.push(line) } });
  const asked: string[] = [];
  const count = async ({ kind }: { readonly kind: string }) => {
    asked.push(kind);
    if (kind === "ClusterPushSecret") throw new ClusterError("Forbidden", "no right");
    return kind === "PushSecret" ? 3 : 0;
  };
  const { signal } = new AbortController();
  await reportUnreconciled({ cluster: { count }, clusterWide: true, registry, logger, signal });
  t.strictSame(asked, ["PushSecret", "ClusterExternalSecret", "ClusterPushSecret", "GeneratorState"]);
  const metrics = await registry.metrics();
  t.match(metrics, 'outboard_unreconciled_objects{kind="PushSecret"} 3');
  t.match(metrics, 'outboard_unreconciled_objects{kind="GeneratorState"} 0');
  t.notMatch(metrics, "ClusterPushSecret", "what could not be counted is not said to be none");
  t.match(lines.join(""), /"objects":\{"PushSecret":3\}/);
  t.match(lines.join(""), /"kind":"ClusterPushSecret","reason":"Forbidden"/);

  asked.length = 0;
  await reportUnreconciled({ cluster: { count }, clusterWide: false, registry: new Registry(), logger, signal });
  t.strictSame(asked, ["PushSecret", "GeneratorState"], "a Role does not reach kinds of the cluster");
});

test("a build with linked providers serves its keys and names them for any other", (t) => {
  const provider = {
    name: "fake",
    capabilities: async () => [],
    validateStore: async () => ({ warnings: [], errors: [] }),
    newClient: async () => {
      throw new Error("not asked");
    },
  };
  const { providerFor, world } = linkedProviders(new Map([["fake", provider]]));
  const store = (key: string) =>
    coreStore({
      apiVersion: "external-secrets.io/v1",
      kind: "SecretStore",
      namespace: "team",
      name: "main",
      uid: "1",
      generation: 1,
      spec: { provider: { [key]: {} } },
    });
  t.equal(providerFor(store("fake")), provider);
  t.equal(world, undefined, "no class is looked at");
  t.throws(() => providerFor(store("doppler")), {
    reason: "ProviderNotFound",
    message: /doppler.*this build serve fake/,
  });
  t.end();
});
