import { test } from "tap";
import { ProviderError } from "../../../api/errors.ts";
import type { SecretStoreSpec } from "../../../api/kinds/secret-store.ts";
import type { Provider } from "../../../api/provider.ts";
import { secretStore } from "../../../api/kinds/secret-store.ts";
import { ClusterError, type Cluster } from "../../../cluster/cluster.ts";
import type { Outcome } from "../../../cluster/outcome.ts";
import { createLogger } from "../../../process/logs.ts";
import type { StoreContext } from "../../credentials/credentials.ts";
import { coreStore, inlineReferences } from "../../../../test/core-store.ts";
import type { Reference } from "../../../api/references.ts";
import type { StoreObject } from "../../kinds.ts";
import { ResolutionError } from "../../resolve/resolution-error.ts";
import type { ServerOf } from "../../served-by.ts";
import type { StoreClients } from "../../store-clients.ts";
import { toStore } from "../../to-store.ts";
import { requeueInterval } from "./interval.ts";
import { reconcileStore } from "./run.ts";
import { reportOf, type Serving } from "./status.ts";
import { validate, type Validation } from "./validate.ts";

const now = Date.parse("2026-08-08T12:00:00Z");
const path = "/auth/kubernetes/serviceAccountRef";
const marked: readonly Reference[] = [{ path, kind: "ServiceAccount", apiServerToken: true }];
const references = inlineReferences(new Map([["vault", marked]]));
const older = { lastTransitionTime: "2026-08-08T11:00:00Z" };
const valid: Validation = { result: "valid", capabilities: "ReadWrite" };

interface Given {
  readonly spec?: SecretStoreSpec;
  readonly status?: StoreObject["status"];
  readonly annotations?: Readonly<Record<string, string>>;
}

function store({ spec = { provider: { vault: {} } }, status, annotations = {} }: Given = {}): StoreObject {
  const metadata = {
    name: "main",
    namespace: "team",
    uid: "u",
    resourceVersion: "1",
    generation: 1,
    creationTimestamp: "2026-08-08T10:00:00Z",
    labels: {},
    annotations,
    finalizers: [],
    ownerReferences: [],
    managedFields: [],
  };
  return { apiVersion: "external-secrets.io/v1", kind: "SecretStore", metadata, spec, ...(status && { status }) };
}

const noKinds = { get: () => undefined, followedKind: () => undefined };

const report = (object: StoreObject, validation: Validation, serving: Serving = {}) => {
  const used = validation.result === "deferred" ? undefined : toStore(noKinds, object, "");
  const { status, events } = reportOf({ object, store: used, validation, serving }, references, now);
  return {
    status,
    ready: status.conditions?.find(({ type }) => type === "Ready"),
    conflict: status.conditions?.find(({ type }) => type === "ProviderConflict"),
    capabilities: status.capabilities,
    events: events.map(({ reason }) => reason),
  };
};

test("conditions and events are ESO's, and say more where there is no provider", (t) => {
  const failure = new ProviderError("Unauthenticated", "no such token");
  const table: readonly (readonly [validation: Validation, status: string, reason: string, message: string])[] = [
    [valid, "True", "Valid", "store validated"],
    [{ result: "undetermined", error: failure }, "True", "ValidationUnknown", "could not determine validation status"],
    [
      { result: "invalid", step: "client", error: failure },
      "False",
      "InvalidProviderConfig",
      "unable to create client",
    ],
    [
      { result: "invalid", step: "validate", error: failure },
      "False",
      "InvalidProviderConfig",
      "unable to validate store",
    ],
    [
      { result: "invalid", step: "validate", error: new ProviderError("Unavailable", "down") },
      "False",
      "ProviderUnavailable",
      "unable to validate store",
    ],
    [
      { result: "invalid", step: "client", error: new ResolutionError("ProviderNotApproved", "not for\u001b you") },
      "False",
      "ProviderNotApproved",
      String.raw`not for\x1b you`,
    ],
    [{ result: "deferred" }, "True", "ValidationUnknown", "the configuration is in the namespace of each caller"],
  ];
  for (const [validation, status, reason, message] of table) {
    const found = report(store(), validation);
    t.match(found.ready, { type: "Ready", status, reason, message, lastTransitionTime: "2026-08-08T12:00:00Z" });
    t.strictSame(found.events, [reason]);
  }
  t.end();
});

test("a store that nobody can be validated for is in order while its provider is away, but not without one", async (t) => {
  const referent = coreStore({
    apiVersion: "external-secrets.io/v1",
    kind: "ClusterSecretStore",
    namespace: "",
    name: "main",
    uid: "u",
    generation: 1,
    spec: { provider: { vault: { auth: { kubernetes: { serviceAccountRef: { name: "app" } } } } } },
  });
  const validated = (error: ResolutionError) => {
    const capabilities = () => Promise.reject(error);
    const providerFor = () => ({ capabilities }) as unknown as Provider;
    const credentials = {} as StoreClients["credentials"];
    return validate(referent, { providerFor, credentials }, references, new AbortController().signal);
  };
  const away = await validated(new ResolutionError("ProviderUnavailable", "nothing listens there"));
  t.strictSame(away, { result: "valid", capabilities: undefined });
  t.match(await validated(new ResolutionError("ProviderNotFound", "none")), { result: "invalid" });
});

test("that several are approved for a store is a condition for as long as it is so, and an event when it is news", (t) => {
  const conflict = "system/a serves, system/b does not";
  const first = report(store(), valid, { conflict });
  const condition = {
    type: "ProviderConflict",
    status: "True",
    reason: "ProviderConflict",
    message: conflict,
    lastTransitionTime: "2026-08-08T12:00:00Z",
  };
  t.strictSame(first.conflict, condition);
  t.match(first.ready, { status: "True" }, "it works all the same");
  t.strictSame(first.events, ["Valid", "ProviderConflict"]);

  const before = { ...first.status, conditions: first.status.conditions?.map((each) => ({ ...each, ...older })) ?? [] };
  const same = report(store({ status: before }), valid, { conflict });
  t.strictSame(same.events, [], "it was told");
  t.equal(same.conflict?.lastTransitionTime, older.lastTransitionTime, "and is as old as it is");
  const other = report(store({ status: before }), valid, { conflict: "system/a serves, system/c does not" });
  t.strictSame(other.events, ["ProviderConflict"]);
  t.equal(other.conflict?.lastTransitionTime, older.lastTransitionTime);
  const failed = new ResolutionError("ProviderUnavailable", "no pod of it is ready");
  const away = report(store(), { result: "invalid", step: "client", error: failed }, { conflict });
  t.strictSame(away.events, ["ProviderUnavailable", "ProviderConflict"], "it may be why");

  const over = report(store({ status: before }), valid);
  t.equal(over.conflict, undefined);
  t.match(over.ready, { status: "True", ...older }, "Ready stays as it was");
  t.end();
});

test("a status says who answers, for as long as somebody does not say otherwise", (t) => {
  const peer = { endpoint: "vault.system.svc:8080", protocol: "outboard.v1", version: "1.2" };
  const { status } = report(store(), valid, { peer });
  t.match(status, { endpoint: peer.endpoint, protocol: "outboard.v1", providerVersion: "1.2" });
  const silent = report(store(), valid, { peer: { ...peer, protocol: "provider.v1", version: "" } }).status;
  t.equal(silent.protocol, "provider.v1");
  t.notOk("providerVersion" in silent, "a peer that says no version has none");
  t.match(report(store({ status }), valid).status, { endpoint: peer.endpoint }, "nobody could tell");
  t.notOk("endpoint" in report(store(), valid).status);
  t.end();
});

test("a config object's status has conditions and no more: other fields would be pruned and written at each look", (t) => {
  const object = { ...store(), apiVersion: "provider.external-secrets.io/v2alpha1", kind: "Vault", config: {} };
  const used = coreStore({
    ...store().metadata,
    apiVersion: "",
    kind: "SecretStore",
    spec: { provider: { vault: {} } },
  });
  const { status } = reportOf({ object, store: used, validation: valid }, references, now);
  t.strictSame(Object.keys(status), ["conditions"]);
  t.end();
});

test("a store whose configuration is its callers' is said to be so once", (t) => {
  const deferred = report(store(), { result: "deferred" });
  t.strictSame(report(store({ status: deferred.status }), { result: "deferred" }).events, []);
  t.end();
});

test("capabilities that cannot be told stay as they were", (t) => {
  const status = { capabilities: "ReadOnly", conditions: [] };
  t.equal(report(store({ status }), { result: "valid", capabilities: undefined }).capabilities, "ReadOnly");
  t.equal(
    report(store({ status }), { result: "undetermined", error: new ProviderError("Unavailable", "x") }).capabilities,
    "ReadOnly",
  );
  t.equal(report(store({ status }), valid).capabilities, "ReadWrite");
  t.end();
});

test("what there is to say of a store that works is said once", (t) => {
  const account = (more: object) => ({
    vault: { auth: { kubernetes: { serviceAccountRef: { name: "app", ...more } } } },
  });
  const events = (given: Given) => report(store(given), valid).events;
  t.strictSame(events({ spec: { provider: { fake: {} } } }), ["Valid", "StoreUnmaintained"]);
  const annotations = { "external-secrets.io/ignore-maintenance-checks": "" };
  t.strictSame(events({ spec: { provider: { fake: {} } }, annotations }), ["Valid"]);
  t.strictSame(events({ spec: { provider: account({}) } }), ["Valid", "APIServerToken"]);
  t.strictSame(events({ spec: { provider: account({ audiences: ["vault"] }) } }), ["Valid"]);
  const status = { conditions: [{ type: "Ready", status: "True" }] };
  t.strictSame(events({ spec: { provider: account({}) }, status }), [], "not at each look");
  t.end();
});

test("a store is validated as often as it says", (t) => {
  const table: readonly (readonly [SecretStoreSpec["refreshInterval"], number])[] = [
    [undefined, 300],
    ["", 300],
    [0, 300],
    ["0", 300],
    [7, 7_000],
    ["1m30s", 90_000],
  ];
  const interval = (refreshInterval: SecretStoreSpec["refreshInterval"]) =>
    requeueInterval({ provider: {}, ...(refreshInterval !== undefined && { refreshInterval }) }, 300);
  for (const [text, expected] of table) t.equal(interval(text), expected, String(text));
  for (const wrong of [-1, "-1s", "soon"])
    t.throws(() => interval(wrong), { code: "InvalidConfig", message: /^invalid refreshInterval/ });
  t.end();
});

test("a failing store whose status is written by somebody else too is still woken by what mends it", async (t) => {
  const gone = new ResolutionError("ProviderUnavailable", "away");
  const provider = { newClient: () => Promise.reject(gone) } as unknown as Provider;
  t.match(await lookAt(provider, false), { result: "failed", waitsFor: ["provider:vault"] });
  t.match(await lookAt(provider, true), { result: "again", waitsFor: ["provider:vault"] });
});

test("a store that is Ready is looked at again when its provider has started again", async (t) => {
  const client = { validate: async () => "Ready", close: async () => undefined };
  const provider = { newClient: async () => client, capabilities: async () => ["get"] } as unknown as Provider;
  const ready = { result: "done", after: 1_000, waitsFor: ["restart:vault.outboard.svc"] };
  t.strictSame(await lookAt(provider, false), ready);
  t.strictSame(
    await lookAt(provider, false, async () => undefined),
    { ...ready, waitsFor: [] },
    "nobody serves it now",
  );
});

function lookAt(
  provider: Provider,
  conflict: boolean,
  serverOf: ServerOf = async () => "vault.outboard.svc",
): Promise<Outcome> {
  return reconcileStore(
    {
      cluster: {
        get: () => store(),
        event: () => undefined,
        updateStatus: async () => {
          if (conflict) throw new ClusterError("Conflict", "another one");
          return store();
        },
      } as unknown as Cluster,
      kind: secretStore,
      clients: { providerFor: () => provider, credentials: { context: () => ({}) as StoreContext } },
      servedBy: undefined,
      serverOf,
      contests: { leave: () => undefined },
      references,
      settings: { controllerClass: "", storeRequeueInterval: 1_000 },
      metrics: { condition: () => undefined, duration: () => undefined, forget: () => undefined },
      logger: createLogger({ name: "store", level: "error" }),
      now: () => now,
      onLook: () => undefined,
    },
    { kind: "SecretStore", namespace: "team", name: "main" },
    new AbortController().signal,
  );
}
