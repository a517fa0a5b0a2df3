import { once } from "node:events";
import root, { test } from "tap";
import { apiServerMissing } from "./api-server.ts";
import { externalSecretOf, fakeStore } from "./core-process.ts";
import { grpcPort, isServing, machine, startDiscoveryWorld } from "./discovery-world.ts";
import { until } from "./e2e/outboard.ts";
import { objectsOf } from "./faults/objects-of.ts";
import { applyIn, mountedClass, startMountedProvider, type ProviderProcess } from "./mounted-parts.ts";
import { inNetworkNamespace } from "./network-namespace.ts";
import { endPod, removePod } from "./pods.ts";
import { sumOf } from "./samples.ts";
import { systemNamespace } from "./shipped-process.ts";

root.setTimeout(300_000);

const [left, right, moved] = [0, 1, 2].map((index) => ({ name: `provider-fake-${index}`, ip: `10.99.0.${index + 2}` }));
/** Of the API server's range; nothing here makes it lead to a Pod. */
const clusterIP = "10.0.0.50";
const calls = 400;
/** After so many the next try by itself is more than five minutes away (src/cluster/backoff.ts): nothing here waits so long. */
const failuresInRow = 10;

const addresses = [machine, "10.99.0.2", "10.99.0.3", "10.99.0.4", clusterIP];
await inNetworkNamespace({ file: import.meta.filename, addresses }, () => {
  const skip = apiServerMissing({ controllerManager: true });
  test("core and the Pods of a provider's Service", { skip }, async (t) => {
    if (left === undefined || right === undefined || moved === undefined) throw new Error("three Pods");
    const world = await startDiscoveryWorld(t, ["--store-requeue-interval=1h"]);
    const first = await world.pod(t, "fake", left);
    const second = await world.pod(t, "fake", right);
    const space = await world.namespace();
    const store = fakeStore({ k: "v" }, { runtimeRef: undefined });
    const { make, objects } = objectsOf(world.api);
    const count = 40;
    const names = Array.from({ length: count }, (_, index) => `app-${index}`);
    const spec = { refreshInterval: "1s" };
    await make(space, [store]);
    await world.comes(space, "secretstore/main", { status: "True" });
    await make(
      space,
      names.map((name) => externalSecretOf("k", spec, { name })),
    );
    const conditions = async () =>
      Array.from((await objects(space, "externalsecrets")).values(), ({ status }) => status?.conditions?.[0]?.status);
    await until(
      async () => (await conditions()).every((status) => status === "True"),
      () => "not every ExternalSecret becomes Ready",
    );
    const failed = async () => sumOf(await world.core.ask("/metrics"), "externalsecret_sync_calls_error");
    const reconciled = async () => sumOf(await world.core.ask("/metrics"), "externalsecret_sync_calls_total");
    const failedAtFirst = await failed();
    const toldAtFirst = world.core.log().length;

    await t.test("each of two has its share of the calls", async (t) => {
      const [before, other] = [await reads(first), await reads(second)];
      const share = async () => [(await reads(first)) - before, (await reads(second)) - other] as const;
      await until(
        async () => (await share()).reduce((sum, each) => sum + each, 0) >= calls,
        () => `there never were ${calls} calls`,
      );
      const [a, b] = await share();
      t.ok(Math.min(a, b) > 0.3 * (a + b), `each had more than 30 %: ${a} and ${b}`);
    });

    await t.test("one that ends under load takes no reconcile with it, and the other has the calls", async (t) => {
      await endPod(world.api, right);
      second.process.kill("SIGTERM");
      const [code] = await once(second.process, "close");
      t.equal(code, 0, "it ended well");
      await removePod(world.api, right);
      const [before, doneBefore] = [await reads(first), await reconciled()];
      await until(
        async () => (await reads(first)) - before >= calls && (await reconciled()) - doneBefore >= calls,
        () => `the other never had ${calls} calls more`,
      );
      t.equal(await failed(), failedAtFirst, "no reconcile failed");
      const told = JSON.stringify(world.core.log().slice(toldAtFirst));
      t.notMatch(told, /SecretSyncedError/, "no ExternalSecret ever was not Ready");
      t.notMatch((await world.events(space)).join("\n"), /UpdateFailed app-/, "and none has an event that says so");
    });

    await t.test(
      "a Pod at another address is in use when its EndpointSlice says so, and not at a next try",
      async (t) => {
        // One ExternalSecret and its store are left: no try of another finds the Pod for them.
        await world.api.kubectl(["-n", space, "delete", "externalsecrets", ...names.slice(1)]);
        first.process.kill("SIGTERM");
        await once(first.process, "close");
        await removePod(world.api, left);
        const failures = async () => {
          const metrics = await world.core.ask("/metrics");
          return ["secretstore", "externalsecret"].map((controller) =>
            sumOf(metrics, "controller_runtime_reconcile_errors_total", `controller="${controller}"`),
          );
        };
        for (let times = 1; times <= failuresInRow; times += 1) {
          const before = await failures();
          const objects = ["secretstore/main", "externalsecret/app-0"];
          await world.api.kubectl(["-n", space, "annotate", "--overwrite", ...objects, `force-sync=failure-${times}`]);
          await until(
            async () => (await failures()).every((count, index) => count > (before[index] ?? 0)),
            () => `the store and its ExternalSecret did not both fail for the ${times}. time`,
          );
        }
        for (const path of ["secretstore/main", "externalsecret/app-0"])
          await world.comes(space, path, { status: "False" });
        const third = await world.pod(t, "fake", moved);
        for (const path of ["secretstore/main", "externalsecret/app-0"])
          await world.comes(space, path, { status: "True" });
        t.ok(await reads(third), "it was asked");
      },
    );

    await t.test("the Service's own address is dialled where its annotation says so", async (t) => {
      const name = "provider-fixed";
      await applyIn(world, systemNamespace, {
        apiVersion: "v1",
        kind: "Service",
        metadata: {
          name,
          labels: { "external-secrets.io/provider": "true" },
          annotations: { "external-secrets.io/dial": "Service" },
        },
        spec: { clusterIP, ports: [{ name: "grpc", port: grpcPort }] },
      });
      const secret = `external-secrets-provider-tls-${name}`;
      const behind = await startMountedProvider(t, world, "fake", { port: grpcPort, host: clusterIP, secret });
      await isServing(behind);
      const space = await world.namespace();
      await applyIn(
        world,
        space,
        mountedClass("fake", `${name}.${systemNamespace}.svc:${grpcPort}`),
        fakeStore({ k: "v" }),
        externalSecretOf("k"),
      );
      await world.comes(space, "externalsecret/app", { status: "True" });
      t.ok(await reads(behind), "what listens there was asked");
    });
  });
});

/** How many reads a provider's process has answered well. */
async function reads({ ask }: Pick<ProviderProcess, "ask">): Promise<number> {
  return sumOf(await ask("/metrics"), "grpc_server_requests_total", 'method="Read"', 'code="OK"');
}
