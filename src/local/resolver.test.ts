import { test } from "tap";
import { coreStore } from "../../test/core-store.ts";
import type { Store } from "../api/provider.ts";
import type { Route } from "../core/store.ts";
import { certificates } from "../wire/certificates.ts";
import { createLocalResolver } from "./resolver.ts";
import type { ProcessState } from "./supervisor.ts";

const bundle = { name: "cloud", displayName: "Cloud", keys: ["one", "two"], file: "/b/c.cjs", sha256: "", bytes: 0 };

const storeOf = (provider: Readonly<Record<string, unknown>>): Store => ({
  apiVersion: "external-secrets.io/v1",
  kind: "SecretStore",
  namespace: "shop",
  name: "store",
  uid: "u",
  generation: 1,
  spec: { provider },
});

const endpointAt = (state: ProcessState | undefined, store: Store, route: Route = { by: "discovery" }) =>
  createLocalResolver({
    manifest: { folder: "/b", bundles: new Map(bundle.keys.map((key) => [key, bundle])) },
    certificates: certificates({ ca: "", cert: "", key: "" }),
    state: () => state,
  }).endpoint(coreStore(store, { route }), new AbortController().signal);

test("a key of a running provider leads to its port on loopback, under its own name", (t) => {
  const endpoint = endpointAt({ phase: "running", port: 4711 }, storeOf({ two: {} }));
  t.match(endpoint, { addresses: ["127.0.0.1:4711"], serverName: "cloud.outboard-local.svc" });
  t.end();
});

test("anything else is an error that says why", (t) => {
  const running: ProcessState = { phase: "running", port: 1 };
  const cases: readonly (readonly [ProcessState | undefined, Readonly<Record<string, unknown>>, string, RegExp])[] = [
    [
      running,
      { three: {} },
      "InvalidConfig",
      /no provider serves spec\.provider\.three: the bundles at hand serve one, two/,
    ],
    [running, { "a\u001b": {} }, "InvalidConfig", /spec\.provider\.a\\x1b:/],
    [running, { constructor: {} }, "InvalidConfig", /no provider serves/],
    [running, {}, "InvalidConfig", /exactly one/],
    [running, { one: {}, two: {} }, "InvalidConfig", /exactly one/],
    [undefined, { one: {} }, "Unavailable", /provider cloud is starting/],
    [{ phase: "starting" }, { one: {} }, "Unavailable", /provider cloud is starting/],
    [
      { phase: "failed", reason: "provider cloud ended with code 3" },
      { one: {} },
      "Unavailable",
      /^provider cloud ended with code 3$/,
    ],
  ];
  for (const [state, provider, code, message] of cases) {
    t.throws(() => endpointAt(state, storeOf(provider)), { code, message });
  }
  const store = storeOf({ one: {} });
  const inCluster: readonly (readonly [Route, RegExp])[] = [
    [{ by: "class", ref: { kind: "ProviderClass", namespace: "shop", name: "c" } }, /classes are for clusters/],
    [{ by: "address", address: "a.b.svc:1" }, /spec\.address names a Service/],
  ];
  for (const [route, message] of inCluster) {
    t.throws(() => endpointAt(running, store, route), { reason: "ProviderNotFound", message });
  }
  t.end();
});
