import { test } from "tap";
import { apiServerMissing } from "./api-server.ts";
import { installCerts, startCertsProcess, quickLooks } from "./certs-process.ts";
import { addressOf, externalSecretOf, fakeStore, readyOf, type KubeJson } from "./core-process.ts";
import { applyCrds } from "./crds/server.ts";
import { plantSecret, until } from "./e2e/outboard.ts";
import { freePort } from "./free-port.ts";
import { applyIn, mountedClass, startMountedCore, startMountedProvider } from "./mounted-parts.ts";
import { sumOf } from "./samples.ts";
import { systemNamespace } from "./shipped-process.ts";

const uri = "spiffe://example.com/second-core";
const secret = "eso-provider-second-client-tls";

test("a core that is let in for one namespace gets nothing for another", { skip: apiServerMissing() }, async (t) => {
  const world = await installCerts();
  t.teardown(() => world.stop());
  const { kubectl } = world.api;
  await applyCrds(world.api);
  const [foreign, own] = [await world.namespace(), await world.namespace()];
  const rights = [{ op: "add", path: "/rules/0/resourceNames/-", value: secret }];
  await kubectl([
    "-n",
    systemNamespace,
    "patch",
    "role",
    "outboard-certs",
    "--type=json",
    "-p",
    JSON.stringify(rights),
  ]);
  await startCertsProcess(t, world, [...quickLooks, `--client=second=${uri};namespaces=${own}`]);
  const port = await freePort();
  const provider = await startMountedProvider(t, world, "fake", { port });
  await applyIn(world, own, mountedClass("fake"));
  const resolve = { [addressOf("fake")]: port };
  await startMountedCore(t, world, { resolve });
  // It asks whatever its stores' conditions say: nothing of its own keeps it from what is not its.
  const controller = "second";
  const flags = [`--controller-class=${controller}`, "--enable-leader-election=false", "--enable-flood-gate=false"];
  await startMountedCore(t, world, { resolve, secret, args: flags });

  const look = async (space: string, path: string): Promise<KubeJson | undefined> => {
    const text = await kubectl(["-n", space, "get", ...path.split("/"), "-o=json", "--ignore-not-found"]);
    return text === "" ? undefined : (JSON.parse(text) as KubeJson);
  };
  const comes = async (space: string, path: string, status: "True" | "False") => {
    let seen: ReturnType<typeof readyOf>;
    await until(
      async () => (seen = readyOf(await look(space, path)))?.status === status,
      () => `${path} of ${space} is ${JSON.stringify(seen)}`,
    );
  };
  const refused = async () =>
    sumOf(await provider.ask("/metrics"), "grpc_server_requests_refused_total", 'reason="namespace"');
  const value = plantSecret();
  const named = (store: object, name: string) => ({ ...store, metadata: { name } });
  // A store without a controller would be every core's.
  const ofFirst = fakeStore({ db: value }, { controller: "default" });
  const ofSecond = fakeStore({ db: value }, { controller });
  const reading = (name: string, storeRef: object) =>
    externalSecretOf("db", { secretStoreRef: storeRef, target: { name } }, { name });

  await applyIn(world, foreign, named(ofFirst, "main"), reading("app", { name: "main" }));
  await comes(foreign, "externalsecret/app", "True");
  t.equal(await refused(), 0, "the first core may all of it");

  await applyIn(world, own, named(ofSecond, "second"), reading("second", { name: "second" }));
  await comes(own, "secretstore/second", "True");
  await comes(own, "externalsecret/second", "True");
  t.equal((await world.secret(own, "second"))?.data.get("password"), value);
  t.equal(await refused(), 0, "nor is what the second may refused");

  await applyIn(world, foreign, named(ofSecond, "second"), reading("second", { name: "second" }));
  await comes(foreign, "secretstore/second", "False");
  await comes(foreign, "externalsecret/second", "False");
  t.ok((await refused()) >= 2, "the store's validation, and the read");

  const shared = { kind: "ClusterSecretStore", name: "shared" };
  await applyIn(world, own, { ...named(ofSecond, shared.name), kind: shared.kind }, reading("shared", shared));
  await applyIn(world, foreign, reading("shared", shared));
  await comes(own, "externalsecret/shared", "True");
  const before = await refused();
  await until(
    async () => (await refused()) > before,
    () => "a cluster store's reads for another namespace are not refused",
  );
  await comes(foreign, "externalsecret/shared", "False");
  for (const name of ["second", "shared"]) t.equal(await world.secret(foreign, name), undefined, `no ${name}`);
  const said = (await world.events(foreign)).filter((event) =>
    /second-core may not call for this namespace/.test(event),
  );
  for (const name of ["second", "shared"])
    t.ok(
      said.some((event) => event.includes(` ${name} x`)),
      `${name}: it is said`,
    );
});
