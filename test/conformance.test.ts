import { test, type Test } from "tap";
import type { Provider, Store } from "../src/api/provider.ts";
import { casesFor } from "../src/conformance/conformance.ts";
import { never, withClient } from "../src/conformance/expect.ts";
import { seedFor } from "../src/conformance/seed.ts";
import type { ConformanceCase, Seed, Subject } from "../src/conformance/subject.ts";
import type { ProviderDefinition } from "../src/host/definition.ts";
import { inProcess } from "../src/host/in-process.ts";
import { provider as fake } from "../src/providers/fake/fake.ts";
import { spec as fakeSpec } from "../src/providers/fake/spec.ts";
import { spec as vaultSpec } from "../src/providers/vault/spec.ts";
import { provider as vault } from "../src/providers/vault/vault.ts";
import { startBundledProvider } from "./bundled-provider.ts";
import { fixedContext } from "./fixed-context.ts";
import { startHangingProxy } from "./hanging-proxy.ts";
import { provider as scripted } from "./providers/scripted/scripted.ts";
import { spec as scriptedSpec } from "./providers/scripted/spec.ts";
import { testBundles } from "./test-bundles.ts";
import { startVault, vaultMissing } from "./vault-server.ts";

type Form = "in process" | "as a bundle behind the adapter";
const forms: readonly Form[] = ["in process", "as a bundle behind the adapter"];

for (const form of forms) {
  test(`fake conforms ${form}`, async (t) => {
    const provider = await inForm(t, form, { key: "fake", provider: fake, spec: fakeSpec });
    await conform(t, fakeSubject(provider));
  });

  test(`vault conforms ${form}`, { skip: vaultMissing() }, async (t) => {
    const provider = await inForm(t, form, { key: "vault", provider: vault, spec: vaultSpec });
    const server = await startVault();
    t.teardown(() => server.stop());
    const proxy = await startHangingProxy(server.address);
    t.teardown(() => proxy.stop());
    await conform(
      t,
      vaultSubject(provider, proxy.url, (path, body) => server.call("POST", path, body)),
    );
  });

  test(`a legacy provider that hangs is cancelled and bounded ${form}`, async (t) => {
    const provider = await inForm(t, form, { key: "chef", provider: scripted, spec: scriptedSpec });
    await conform(t, scriptedSubject(provider), ({ unless }) => unless === "hanging");
  });
}

async function conform(
  t: Test,
  subject: Subject,
  only: (conformanceCase: ConformanceCase) => boolean = () => true,
): Promise<void> {
  // Deadlines hold no process open, and a backend that hangs in process does not either.
  const open = setInterval(() => {}, 1_000);
  t.teardown(() => clearInterval(open));
  await subject.seed(seedFor(subject.optOuts));
  const cases = casesFor(subject).filter(only);
  t.ok(cases.length > 0);
  for (const { name, run } of cases) await t.resolves(run(subject), name);
}

async function inForm(
  t: Test,
  form: Form,
  { key, provider, spec }: ProviderDefinition["stores"][number],
): Promise<(store: Store) => Provider> {
  if (form === "in process") {
    const find = inProcess({ name: key, displayName: key, version: "0.0.0", stores: [{ key, provider, spec }] });
    return () => find(key);
  }
  const bundled = await startBundledProvider(testBundles, key);
  t.teardown(() => bundled.stop());
  return (store) => bundled.providerFor(store);
}

function fakeSubject(providerFor: (store: Store) => Provider): Subject {
  const data: { key: string; value: string }[] = [];
  const store = storeOf("fake", { data });
  const provider = providerFor(store);
  const context = fixedContext(new Map());
  return {
    provider,
    store,
    badStore: { store: storeOf("fake", { data: [{ key: 5, value: "x" }] }), pointer: "/data/0/key" },
    context,
    operations: ["get", "map", "find", "push", "delete", "exists"],
    optOuts: new Set(["hanging", "dotted-property"]),
    ref: (key) => ({ key }),
    seed: async (values) => {
      // A manifest holds text, and a store of 4 MiB would travel with each call: the rest is pushed.
      const pushed = [...values].filter(([key]) => /-(binary|empty|large|medium)$/.test(key));
      const written = [...values].filter(([key]) => pushed.every(([other]) => other !== key));
      data.push(...written.map(([key, value]) => ({ key, value: Buffer.from(value).toString() })));
      await withClient({ provider, store, context }, async (client) => {
        for (const [remoteKey, value] of pushed) {
          const source = { data: new Map([["k", value]]), type: "Opaque", labels: {}, annotations: {} };
          await client.pushSecret(source, { secretKey: "k", remoteKey, property: "" }, never());
        }
      });
    },
  };
}

function vaultSubject(
  providerFor: (store: Store) => Provider,
  server: string,
  post: (path: string, body: unknown) => Promise<unknown>,
): Subject {
  const auth = { tokenSecretRef: { name: "vault-token", key: "token" } };
  const store = storeOf("vault", { server, path: "secret", version: "v2", auth });
  return {
    provider: providerFor(store),
    store,
    badStore: { store: storeOf("vault", { server: 5, auth }), pointer: "/server" },
    context: fixedContext(new Map([["vault-token/token", "root"]])),
    operations: ["get", "map", "find", "push", "delete", "exists"],
    // Vault keeps JSON, not text: it has no bytes beyond UTF-8, and writes numbers and objects in its own way.
    optOuts: new Set(["binary", "json-text", "number-text"]),
    ref: (key) => (isJson(key) ? { key } : { key, property: "value" }),
    hanging: { key: "hang", property: "value" },
    seed: async (values: Seed) => {
      for (const [key, value] of values) {
        const text = Buffer.from(value).toString();
        await post(`secret/data/${key}`, { data: isJson(key) ? JSON.parse(text) : { value: text } });
      }
    },
  };
}

function isJson(key: string): boolean {
  return key === "conformance-json" || key === "conformance-numbers" || key === "conformance-missing";
}

function scriptedSubject(providerFor: (store: Store) => Provider): Subject {
  const data: { key: string; value: string }[] = [{ key: "conformance-text", value: "plain text" }];
  const store = storeOf("chef", { data });
  return {
    provider: providerFor(store),
    store,
    badStore: { store: storeOf("chef", { data: 5 }), pointer: "/data" },
    context: fixedContext(new Map()),
    operations: ["get", "map", "find"],
    optOuts: new Set(),
    ref: (key) => ({ key }),
    hanging: { key: "hang" },
    seed: async () => {},
  };
}

function storeOf(key: string, config: unknown): Store {
  return {
    apiVersion: "external-secrets.io/v1",
    kind: "SecretStore",
    namespace: "default",
    name: `conformance-${key}`,
    uid: `uid-${key}`,
    generation: 1,
    spec: { provider: { [key]: config } },
  };
}
