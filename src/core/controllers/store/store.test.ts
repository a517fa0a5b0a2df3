import { test } from "tap";
import { ProviderError } from "../../../api/errors.ts";
import type { SecretStoreSpec } from "../../../api/kinds/secret-store.ts";
import type { Provider, Store } from "../../../api/provider.ts";
import type { Reference } from "../../../api/references.ts";
import type { StoreObject } from "../../kinds.ts";
import { ResolutionError } from "../../resolve/resolution-error.ts";
import type { StoreClients } from "../../store-clients.ts";
import { requeueInterval } from "./interval.ts";
import { reportOf } from "./status.ts";
import { validate, type Validation } from "./validate.ts";

const now = Date.parse("2026-08-08T12:00:00Z");
const path = "/auth/kubernetes/serviceAccountRef";
const references = new Map<string, readonly Reference[]>([
  ["vault", [{ path, kind: "ServiceAccount", apiServerToken: true }]],
]);
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

const report = (object: StoreObject, validation: Validation) => {
  const { status, events } = reportOf(object, validation, references, now);
  return {
    ready: status.conditions?.[0],
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
  ];
  for (const [validation, status, reason, message] of table) {
    const found = report(store(), validation);
    t.match(found.ready, { type: "Ready", status, reason, message, lastTransitionTime: "2026-08-08T12:00:00Z" });
    t.strictSame(found.events, [reason]);
  }
  t.end();
});

test("a store that nobody can be validated for is in order while its provider is away, but not without one", async (t) => {
  const referent: Store = {
    apiVersion: "external-secrets.io/v1",
    kind: "ClusterSecretStore",
    namespace: "",
    name: "main",
    uid: "u",
    generation: 1,
    spec: { provider: { vault: { auth: { kubernetes: { serviceAccountRef: { name: "app" } } } } } },
  };
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
