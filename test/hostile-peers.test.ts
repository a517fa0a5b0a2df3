import { setTimeout as sleep } from "node:timers/promises";
import root, { test, type Test } from "tap";
import type { Reference } from "../src/api/references.ts";
import { providerConfigMark } from "../src/api/provider-labels.ts";
import { toDescribeResponse, type ServedKey, type ServedKind } from "../src/wire/describe.ts";
import { apiServerMissing } from "./api-server.ts";
import { startBundle } from "./bundle-process.ts";
import { configDefinition } from "./config-definition.ts";
import { externalSecretOf, readyOf, type KubeJson } from "./core-process.ts";
import { plantSecret, until } from "./e2e/outboard.ts";
import { objectsOf } from "./faults/objects-of.ts";
import { findLeaks } from "./leak-search.ts";
import { applyIn } from "./mounted-parts.ts";
import { inNetworkNamespace } from "./network-namespace.ts";
import { startPeer, type Script, type ScriptedPeer } from "./scripted-peer.ts";
import { info } from "./shim-fixture.ts";
import { grpcPort, machine, startServiceWorld, type ServiceWorld } from "./service-world.ts";
import { testBundles } from "./test-bundles.ts";

root.setTimeout(300_000);

const ips = { honest: "10.99.0.2", liar: "10.99.0.3", hangs: "10.99.0.4", defers: "10.99.0.5", flaps: "10.99.0.6" };

await inNetworkNamespace({ file: import.meta.filename, addresses: [machine, ...Object.values(ips)] }, () => {
  test("peers that lie, and peers that are slow", { skip: apiServerMissing() }, async (t) => {
    const world = await startServiceWorld(t);
    const honest = await startBundle({
      folder: testBundles,
      key: "fake",
      keys: await world.keysOf("honest"),
      host: ips.honest,
      port: grpcPort,
    });
    t.teardown(() => honest.end("SIGKILL"));
    await world.service("honest", "fake", ips.honest);
    // Eight workers, of which a provider may have four.
    await world.core(t, ["--concurrent=8"]);
    const { comes, ready } = conditionsOf(world);
    const { make, objects } = objectsOf(world.api);

    await t.test("a provider gets no key, kind or reference for its saying that it has it", async (t) => {
      await world.namespaces("liar");
      const group = "example.com";
      const mark = JSON.stringify({ key: "liar", references: [{ path: "/token", kind: "Secret" }] });
      const annotations = { [providerConfigMark]: mark };
      await applyIn(world, "liar", configDefinition({ group, kind: "Liar", annotations }));
      await letCoreHave(world, "liars.example.com");
      const everything: readonly Reference[] = ["/token", "/other", "/auth/tokenSecretRef"].map((path) => ({
        path,
        kind: "Secret",
      }));
      const peer = await start(t, world, "liar", {
        describe: describeAs({
          keys: ["chef", "fake", "vault"],
          kinds: [
            { group, version: "v1", kind: "Liar" },
            { group: "provider.external-secrets.io", version: "v2alpha1", kind: "Vault" },
          ],
          references: everything,
        }),
        read: ({ reads }) => answered(reads.length),
      });
      await world.service("liar", "chef, Liar.example.com", ips.liar);
      const [known, unknown, crown] = [plantSecret(), plantSecret(), plantSecret()];
      const secretOf = (name: string, value: string) => ({
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name },
        stringData: { key: value },
      });
      const ref = (name: string) => ({ name, key: "key" });
      const vault = {
        server: "http://vault",
        path: "secret",
        version: "v2",
        auth: { tokenSecretRef: ref("crown") },
      };
      const named = (name: string, storeRef: object) =>
        externalSecretOf("db", { secretStoreRef: storeRef, target: { name } }, { name });
      await applyIn(
        world,
        "liar",
        secretOf("known", known),
        secretOf("unknown", unknown),
        secretOf("crown", crown),
        storeOf("vault", "vault", vault),
        storeOf("fake", "fake", { data: [{ key: "db", value: crown }] }),
        storeOf("chef", "chef", { token: ref("unknown"), other: ref("unknown") }),
        {
          apiVersion: `${group}/v1`,
          kind: "Liar",
          metadata: { name: "own" },
          spec: { token: ref("known"), other: ref("crown") },
        },
        {
          apiVersion: "provider.external-secrets.io/v2alpha1",
          kind: "Vault",
          metadata: { name: "direct" },
          spec: vault,
        },
        named("chef", { name: "chef" }),
        named("fake", { name: "fake" }),
        named("own", { apiVersion: `${group}/v1`, kind: "Liar", name: "own" }),
        named("direct", { apiVersion: "provider.external-secrets.io/v2alpha1", kind: "Vault", name: "direct" }),
      );
      for (const name of ["chef", "own", "fake"]) await comes("liar", `externalsecret/${name}`, "True");
      await comes("liar", "secretstore/vault", "False");
      await comes("liar", "externalsecret/direct", "False");
      t.equal((await ready("liar", "secretstore/vault"))?.reason, "ProviderNotFound");
      t.ok((await honest.metric("grpc_server_requests_total", 'method="Read"')) > 0, "fake is the honest one's");

      const received = peer.received();
      const has = (value: string) => findLeaks([Buffer.from(value)], received.toString("latin1")).length > 0;
      t.ok(has(known), "it is sent what the CustomResourceDefinition says");
      t.notOk(has(unknown), "and of a key that nobody vouches for nothing");
      t.notOk(has(crown), "and nothing beside");
      const asked = received.toString("latin1");
      t.match(asked, /"chef":/, "it is asked for its key");
      t.notMatch(asked, /"(vault|fake)":/, "and for no other");
      const read = new Set(
        world.api
          .auditLines()
          .filter(({ user, objectRef, verb }) => {
            return verb === "get" && user.username === world.username && objectRef?.resource === "secrets";
          })
          .map(({ objectRef }) => objectRef?.name),
      );
      t.ok(read.has("known"));
      t.notOk(read.has("unknown") || read.has("crown"), "what it is not sent is not even read");
    });

    await t.test("one that hangs, one that defers and one that flaps hold up their own stores only", async (t) => {
      const many = Array.from({ length: 30 }, (_, index) => `app-${index}`);
      const spaces = { honest: "quiet", hangs: "hung", defers: "deferred", flaps: "flapping" };
      await world.namespaces(...Object.values(spaces));
      const fill = async (space: string, key: string, spec: object) => {
        const stores = ["one", "two"];
        await make(
          space,
          stores.map((name) => storeOf(name, key, spec)),
        );
        const reading = many.map((name, index) => {
          const secretStoreRef = { name: stores[index % stores.length] };
          return externalSecretOf("db", { secretStoreRef, target: { name } }, { name });
        });
        await make(space, reading);
      };
      let [begun, ended] = [0, 0];
      await start(t, world, "hangs", {
        describe: describeAs({ keys: ["gitlab"] }),
        read: (_, call) => {
          begun += 1;
          call.on("cancelled", () => (ended += 1));
          return new Promise(() => undefined);
        },
      });
      const deferring = await start(t, world, "defers", {
        describe: describeAs({ keys: ["doppler"] }),
        read: ({ reads }) => ({ outcomes: reads.map(() => ({ outcome: undefined })), info }),
      });
      const flapping = await flap(t, world, "flaps", {
        describe: describeAs({ keys: ["oracle"] }),
        read: ({ reads }) => answered(reads.length),
      });
      await world.service("hangs", "gitlab", ips.hangs);
      await world.service("defers", "doppler", ips.defers);
      await world.service("flaps", "oracle", ips.flaps);
      await Promise.all([
        fill(spaces.hangs, "gitlab", {}),
        fill(spaces.defers, "doppler", {}),
        fill(spaces.flaps, "oracle", {}),
      ]);
      await until(
        () => begun >= 4 && (deferring.calls.get("read") ?? 0) > 0 && flapping() > 2,
        () => `${begun} reads hang, ${deferring.calls.get("read")} are deferred, it flapped ${flapping()} times`,
      );
      const [reads, validations] = ["Read", "Validate"].map(
        (method) => async () => honest.metric("grpc_server_requests_total", `method="${method}"`),
      );
      const before = { reads: await reads?.(), validations: await validations?.() };
      const flaps = flapping();
      await fill(spaces.honest, "fake", { data: [{ key: "db", value: plantSecret() }] });
      await until(
        async () => {
          const found = await objects(spaces.honest, "externalsecrets");
          return [...found.values()].every((object) => readyOf(object)?.status === "True");
        },
        () => "those of the honest one are not Ready",
      );
      t.equal(ended, 0, "none had to wait for the end of a call that hangs");
      t.equal(begun, 4, "which have half of the workers");
      await until(
        () => flapping() > flaps + 1,
        () => "it no longer flaps",
      );
      t.equal((await reads?.()) ?? 0, (before.reads ?? 0) + many.length, "each is read once, whatever flaps");
      t.equal((await validations?.()) ?? 0, (before.validations ?? 0) + 2, "each store is validated once");
      const deferred = await objects(spaces.defers, "externalsecrets");
      t.ok([...deferred.values()].every((object) => readyOf(object)?.status !== "True"));
    });
  });
});

/** A Describe that claims these. */
function describeAs(claimed: {
  readonly keys: readonly string[];
  readonly kinds?: readonly Pick<ServedKind, "group" | "version" | "kind">[];
  readonly references?: readonly Reference[];
}) {
  const { keys, kinds = [], references = [] } = claimed;
  const shared = { operations: ["get", "find"], references } as const satisfies Partial<ServedKey>;
  return () =>
    toDescribeResponse({
      name: "claims",
      version: "1",
      keys: keys.map((key) => ({ key, sharesClients: false, ...shared })),
      kinds: kinds.map((kind) => ({ ...kind, ...shared })),
      trustBundleDigest: new Uint8Array(),
      leafSerial: "",
    });
}

function answered(count: number) {
  const outcome = { $case: "value", value: Buffer.from("value") } as const;
  return { outcomes: Array.from({ length: count }, () => ({ outcome })), info };
}

/** A peer at its address of {@link ips}, whose stores are all valid. */
async function start(t: Test, world: ServiceWorld, name: keyof typeof ips, script: Script): Promise<ScriptedPeer> {
  const peer = await startPeer({
    script: { validate: () => ({ valid: true, error: "", warnings: [], info }), ...script },
    server: await world.certificatesOf(name),
    client: world.client,
    host: ips[name],
    port: grpcPort,
  });
  t.teardown(() => peer.kill());
  return peer;
}

/** A peer that is there for half a second, and away for as long, to the end of the test; how often it came. */
async function flap(t: Test, world: ServiceWorld, name: keyof typeof ips, script: Script): Promise<() => number> {
  const ended = new AbortController();
  let times = 0;
  const flapping = (async () => {
    while (!ended.signal.aborted) {
      const peer = await start(t, world, name, script);
      times += 1;
      await sleep(500);
      peer.kill();
      await sleep(500);
    }
  })();
  t.teardown(async () => {
    ended.abort();
    await flapping;
  });
  return () => times;
}

function storeOf(name: string, key: string, spec: object): object {
  return {
    apiVersion: "external-secrets.io/v1",
    kind: "SecretStore",
    metadata: { name },
    spec: { provider: { [key]: spec } },
  };
}

/** Lets core follow a third party's kind, as a piece of the aggregated ClusterRole would. */
async function letCoreHave({ api, username }: ServiceWorld, resource: string): Promise<void> {
  const resources = `--resource=${resource},${resource}/status`;
  await api.kubectl(["create", "clusterrole", resource, "--verb=list,watch,update,patch", resources]);
  await api.kubectl(["create", "clusterrolebinding", resource, `--clusterrole=${resource}`, `--user=${username}`]);
}

function conditionsOf({ api }: ServiceWorld) {
  const ready = async (space: string, path: string) => {
    const text = await api.kubectl(["-n", space, "get", ...path.split("/"), "-o=json", "--ignore-not-found"]);
    return readyOf(text === "" ? undefined : (JSON.parse(text) as KubeJson));
  };
  const comes = async (space: string, path: string, status: "True" | "False") => {
    let seen: ReturnType<typeof readyOf>;
    await until(
      async () => (seen = await ready(space, path))?.status === status,
      () => `${path} of ${space} is ${JSON.stringify(seen)}`,
    );
  };
  return { ready, comes };
}
