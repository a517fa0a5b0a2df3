import { test } from "tap";
import { ProviderError } from "../../../api/errors.ts";
import type {
  ExternalSecretSpec,
  ExternalSecretStatus,
  ExternalSecretTemplate,
} from "../../../api/kinds/external-secret.ts";
import type { NamespaceCondition } from "../../../api/kinds/namespace-condition.ts";
import type { ObjectMeta, OwnerReference, SecretObject } from "../../../cluster/objects.ts";
import type { ExternalSecretObject } from "../../kinds.ts";
import { withReady, type HeldCondition } from "../condition.ts";
import { dataHash, metadataHash, textHash } from "./hash.ts";
import { fieldManager, ownerHash } from "./names.ts";
import { letsIn } from "../../namespace-conditions.ts";
import { withController } from "./ownership.ts";
import { assemble, type SourceResult } from "./pipeline.ts";
import { sourcesOf, storesOf } from "./reads.ts";
import { refusal } from "./refusal.ts";
import { isSecretValid, nextLook, resourceVersionOf, shouldRefresh } from "./refresh.ts";
import { targetSecret } from "./target.ts";

const hour = 3_600_000;
const now = Date.parse("2026-08-08T12:00:00Z");
const at = (milliseconds: number) => new Date(now + milliseconds).toISOString();
const bytes = (text: string) => new TextEncoder().encode(text);
const text = (value: Uint8Array | undefined) => value && new TextDecoder().decode(value);
const map = (values: Readonly<Record<string, string>>) =>
  new Map(Object.entries(values).map(([key, value]) => [key, bytes(value)]));

const meta: ObjectMeta = {
  name: "app",
  namespace: "team",
  uid: "uid-1",
  resourceVersion: "7",
  generation: 3,
  creationTimestamp: "2026-08-08T10:00:00Z",
  labels: {},
  annotations: {},
  finalizers: [],
  ownerReferences: [],
  managedFields: [],
};

function object(spec: ExternalSecretSpec, status: ExternalSecretStatus = {}, metadata = meta): ExternalSecretObject {
  return { apiVersion: "external-secrets.io/v1", kind: "ExternalSecret", metadata, spec, status };
}

test("hashes are ESO's", (t) => {
  const table: readonly (readonly [what: string, hash: string, expected: string])[] = [
    ["text", textHash("hello there"), "f78681ec611ebaeea0689bff6c7812a83ff98a7faba986d9af76c999"],
    [
      "data",
      dataHash(map({ foo: "value1", bar: "value2" })),
      "1bed8bcbcb4547ffe19a19cd47d9078e84aa6598266d86b99f992d64",
    ],
    ["no data", dataHash(new Map()), "74a974446e359fb3e6baff9bd0058950e6edd0f040888d9989b0a11b"],
    [
      "no metadata",
      metadataHash({ labels: {}, annotations: {} }),
      "f47fe3c0b255b6dd8047cdffa772587bb829efe7a1cb70febeda2eb2",
    ],
    [
      "annotations",
      metadataHash({ labels: {}, annotations: { foo: "bar" } }),
      "69a7d6c99695c5308a8074c7eff995659652f98af7b21de0719c1446",
    ],
    ["owner", ownerHash("default", "test-es"), "a8e09351ea392b727f69f63683b28619fbed1174f572e728706a9ea8"],
    ["an empty value", dataHash(map({ key: "" })), textHash("map[key:[]]")],
  ];
  for (const [what, hash, expected] of table) t.equal(hash, expected, what);
  t.equal(resourceVersionOf(object({})), "3-f47fe3c0b255b6dd8047cdffa772587bb829efe7a1cb70febeda2eb2");
  t.end();
});

test("the field manager fits into 63 characters", (t) => {
  const prefix = "externalsecrets.external-secrets.io/";
  t.equal(fieldManager("a".repeat(27)), prefix + "a".repeat(27));
  t.equal(fieldManager("a".repeat(28)), `${prefix}sha3/${textHash("a".repeat(28))}`);
  t.end();
});

test("when values are read again", (t) => {
  const same = resourceVersionOf(object({}));
  const synced = (ago: number, version = same) => ({ refreshTime: at(-ago), syncedResourceVersion: version });
  const table: readonly (readonly [
    what: string,
    spec: ExternalSecretSpec,
    status: ExternalSecretStatus,
    expected: boolean,
  ])[] = [
    ["never synced", {}, {}, true],
    ["synced, not due", {}, synced(hour - 1_000), false],
    ["exactly due", {}, synced(hour), false],
    ["overdue", {}, synced(hour + 1_000), true],
    ["own interval", { refreshInterval: "1m" }, synced(61_000), true],
    ["changed", {}, synced(1_000, "2-x"), true],
    ["no refresh time", {}, { syncedResourceVersion: same, refreshTime: null }, true],
    ["refreshed in the future", {}, synced(-5_000), true],
    ["interval 0, never synced", { refreshInterval: "0" }, {}, true],
    ["interval 0, changed", { refreshInterval: "0" }, synced(hour, "2-x"), false],
    ["negative interval, changed", { refreshInterval: "-1s" }, synced(hour, "2-x"), false],
    ["CreatedOnce, never synced", { refreshPolicy: "CreatedOnce" }, {}, true],
    ["CreatedOnce, changed", { refreshPolicy: "CreatedOnce" }, synced(9 * hour, "2-x"), false],
    ["OnChange, overdue", { refreshPolicy: "OnChange" }, synced(9 * hour), false],
    ["OnChange, changed", { refreshPolicy: "OnChange" }, synced(1, "2-x"), true],
    ["OnChange, interval 0, changed", { refreshPolicy: "OnChange", refreshInterval: "0" }, synced(1, "2-x"), true],
    ["Periodic, overdue", { refreshPolicy: "Periodic" }, synced(2 * hour), true],
  ];
  for (const [what, spec, status, expected] of table) t.equal(shouldRefresh(object(spec, status), now), expected, what);
  t.end();
});

test("when to look again", (t) => {
  const table: readonly (readonly [
    what: string,
    interval: number,
    refreshTime: number | undefined,
    expected: unknown,
  ])[] = [
    ["interval 0", 0, now, { result: "done" }],
    ["negative", -1, now, { result: "done" }],
    ["never refreshed", hour, undefined, { result: "done", after: hour }],
    ["refreshed ten minutes ago", hour, now - 600_000, { result: "done", after: hour - 600_000 }],
    ["in the future", hour, now + 1, { result: "again" }],
    ["over", hour, now - hour, { result: "again" }],
  ];
  for (const [what, interval, time, expected] of table) t.strictSame(nextLook(interval, time, now), expected, what);
  t.end();
});

function secret(over: Partial<SecretObject>, metadata: Partial<ObjectMeta> = {}): SecretObject {
  return { metadata: { ...meta, ...metadata }, type: "Opaque", immutable: false, ...over };
}

test("a target is valid while it is managed and holds what was written", (t) => {
  const data = map({ a: "1" });
  const labels = { "reconcile.external-secrets.io/managed": "true" };
  const annotations = { "reconcile.external-secrets.io/data-hash": dataHash(data) };
  t.equal(isSecretValid(secret({ data }, { labels, annotations })), true);
  t.equal(isSecretValid(undefined), false, "gone");
  t.equal(isSecretValid(secret({ data }, { annotations })), false, "no label");
  t.equal(isSecretValid(secret({ data }, { labels })), false, "no hash");
  t.equal(isSecretValid(secret({ data: map({ a: "2" }) }, { labels, annotations })), false, "edited");
  t.equal(isSecretValid(secret({}, { labels, annotations })), false, "data unknown");
  t.end();
});

const spec: ExternalSecretSpec = {
  secretStoreRef: { name: "main" },
  dataFrom: [
    { extract: { key: "all" } },
    { find: { name: { regexp: "x" } }, sourceRef: { storeRef: { name: "other", kind: "ClusterSecretStore" } } },
    { sourceRef: { storeRef: { name: "unused" } } },
  ],
  data: [{ secretKey: "one", remoteRef: { key: "k", decodingStrategy: "Base64" } }],
};

test("what is read: dataFrom, then data, each from its store", (t) => {
  const sources = sourcesOf(object(spec));
  t.strictSame(
    sources.map(({ from, index, store, read }) => [from, index, store.kind, store.namespace, store.name, read.op]),
    [
      ["extract", 0, "SecretStore", "team", "main", "map"],
      ["find", 1, "ClusterSecretStore", "", "other", "find"],
      ["data", 0, "SecretStore", "team", "main", "get"],
    ],
  );
  t.strictSame(
    storesOf(object(spec)).map(({ name }) => name),
    ["main", "other"],
  );
  t.end();
});

test("results become data, later ones override", (t) => {
  const results: SourceResult[] = [
    { values: map({ "a/b": "1", one: "extract", "": "dropped" }) },
    { values: map({ a_b: "2" }) },
    { value: bytes(Buffer.from("data").toString("base64")) },
  ];
  const data = assemble(sourcesOf(object(spec)), results);
  t.strictSame(
    Array.from(data, ([key, value]) => [key, text(value)]),
    [
      ["a_b", "2"],
      ["one", "data"],
    ],
  );
  t.end();
});

test("the first error is reported, in ESO's words for where and why", (t) => {
  const ok = { values: map({ fine: "1" }) };
  const one = { value: bytes("ZGF0YQ==") };
  const none = { error: new ProviderError("NoSecret", "Secret does not exist") };
  const table: readonly (readonly [
    string,
    spec: ExternalSecretSpec,
    results: SourceResult[],
    message: string,
    code: string,
  ])[] = [
    ["data", spec, [ok, ok, none], "error processing spec.data[0] (key: k), err: Secret does not exist", "NoSecret"],
    [
      "extract",
      spec,
      [none, none, none],
      "error processing spec.dataFrom[0].extract, err: Secret does not exist",
      "NoSecret",
    ],
    [
      "find",
      spec,
      [ok, none, one],
      "error processing spec.dataFrom[1].find, err: error getting all secrets: Secret does not exist",
      "NoSecret",
    ],
    [
      "collision",
      spec,
      [{ values: map({ "a/b": "1", "a:b": "2" }) }, ok, one],
      "error processing spec.dataFrom[0].extract, err: error applying conversion strategy  to keys: secret name collision during conversion: a_b",
      "InvalidConfig",
    ],
    [
      "decoding",
      spec,
      [ok, ok, { value: bytes("not base64!") }],
      "error processing spec.data[0] (key: k), err: error applying decoding strategy Base64 to data: illegal base64 data",
      "InvalidConfig",
    ],
    [
      "long key",
      spec,
      [{ values: map({ ["k".repeat(254)]: "1" }) }, ok, one],
      "invalid secret keys (TIP: use rewrite or conversionStrategy to change keys): key has length 254",
      "InvalidConfig",
    ],
    [
      "NUL",
      { dataFrom: [{ extract: { key: "k", nullBytePolicy: "Fail" } }] },
      [{ values: map({ bin: "a\0b" }) }],
      'fetched secret value for key "bin" contains null bytes',
      "InvalidConfig",
    ],
    [
      "a value for a map",
      spec,
      [one, ok, one],
      "spec.dataFrom[0].extract, err: the provider answered a value",
      "Internal",
    ],
    ["no answer", spec, [ok, ok], "spec.data[0] (key: k), err: the provider gave no result", "Internal"],
  ];
  for (const [what, given, results, message, code] of table) {
    t.throws(() => assemble(sourcesOf(object(given)), results), { message, code }, what);
  }
  const slow = new ProviderError("RateLimited", "slow down", { retryAfter: 5_000 });
  try {
    assemble(sourcesOf(object(spec)), [ok, { error: slow }, one]);
    t.fail("it must throw");
  } catch (error) {
    t.match(error, { code: "RateLimited", retryAfter: 5_000 }, "how long to wait is kept");
  }
  t.end();
});

const owner = (over: Partial<OwnerReference>): OwnerReference => ({
  apiVersion: "external-secrets.io/v1",
  kind: "ExternalSecret",
  name: "app",
  uid: "old",
  controller: true,
  ...over,
});

test("who may own a target", (t) => {
  const own = { ...owner({ uid: "uid-1" }), blockOwnerDeletion: true };
  const bystander = { apiVersion: "v1", kind: "ConfigMap", name: "x", uid: "c" };
  t.strictSame(withController([], object({}), "s"), [own]);
  t.strictSame(withController([bystander], object({}), "s"), [bystander, own], "beside others");
  t.strictSame(withController([owner({})], object({}), "s"), [own], "made again, with another UID");
  t.strictSame(
    withController([owner({ apiVersion: "external-secrets.io/v1beta1" })], object({}), "s"),
    [own],
    "another version",
  );
  t.throws(() => withController([owner({ name: "b" })], object({}), "s"), {
    condition: "target is owned by another ExternalSecret",
    message: "secret is owned by another ExternalSecret: b",
  });
  t.throws(() => withController([owner({ apiVersion: "apps/v1", kind: "Deployment" })], object({}), "s"), {
    condition: "failed to take ownership of target secret",
    message:
      /^could not set controller reference on secret: Object team\/s is already owned by another Deployment controller app/,
  });
  t.end();
});

test("labels and annotations of a target", (t) => {
  const labels = { app: "x" };
  const annotations = { note: "y" };
  const source = { ...meta, labels, annotations };
  const managed = {
    "reconcile.external-secrets.io/managed": "true",
    "reconcile.external-secrets.io/created-by": ownerHash("team", "app"),
  };
  const hash = { "reconcile.external-secrets.io/data-hash": dataHash(map({ a: "1" })) };
  const made = (given: ExternalSecretSpec, existing?: SecretObject) =>
    targetSecret(object(given, {}, source), existing, map({ a: "1" }));

  t.match(
    made({}),
    { name: "app", labels: { ...labels, ...managed }, annotations: { ...annotations, ...hash } },
    "no template",
  );
  t.strictSame(made({ target: { template: {} } }).labels, managed, "an empty template copies nothing");
  const template = {
    type: "kubernetes.io/tls",
    metadata: { labels: { t: "1" }, annotations: { u: "2" }, finalizers: ["f"] },
  };
  t.strictSame(made({ target: { name: "named", template } }), {
    namespace: "team",
    name: "named",
    type: "kubernetes.io/tls",
    labels: { t: "1", ...managed },
    annotations: { u: "2", ...hash },
    finalizers: ["f"],
    ownerReferences: [{ ...owner({ uid: "uid-1" }), blockOwnerDeletion: true }],
    data: map({ a: "1" }),
  });

  const kept = secret({}, { finalizers: ["g"] });
  t.strictSame(made({ target: { template } }, kept).finalizers, ["g", "f"]);
  const going = secret({}, { finalizers: ["g"], deletionTimestamp: at(0) });
  t.strictSame(made({ target: { template } }, going).finalizers, ["g"], "none is added to what is being deleted");

  const written = { "f:metadata": { "f:labels": { ".": {}, "f:old": {} }, "f:annotations": { "f:former": {} } } };
  const existing = secret(
    { data: map({ foreign: "gone" }) },
    {
      labels: { old: "1", theirs: "2" },
      annotations: { former: "1", kept: "2" },
      managedFields: [{ manager: fieldManager("app"), subresource: "", time: at(0), fields: written }],
    },
  );
  const updated = made({}, existing);
  t.strictSame(updated.labels, { theirs: "2", ...labels, ...managed }, "what we wrote once and no more is dropped");
  t.strictSame(updated.annotations, { kept: "2", ...annotations, ...hash });
  t.end();
});

test("what is refused before any request", (t) => {
  const token = "kubernetes.io/service-account-token";
  const account = { annotations: { "kubernetes.io/service-account.name": "admin" } };
  const table: readonly (readonly [field: string, spec: ExternalSecretSpec])[] = [
    ["spec.syncWindows", { syncWindows: { kind: "allow", windows: [] } }],
    ["spec.target.manifest", { target: { manifest: { apiVersion: "v1", kind: "ConfigMap" } } }],
    ["spec.target.immutable", { target: { immutable: true } }],
    ["spec.target.creationPolicy: Merge", { target: { creationPolicy: "Merge" } }],
    ["spec.target.creationPolicy: Orphan", { target: { creationPolicy: "Orphan" } }],
    ["spec.target.creationPolicy: CreateOrMerge", { target: { creationPolicy: "CreateOrMerge" } }],
    ["spec.target.deletionPolicy: Delete", { target: { deletionPolicy: "Delete" } }],
    ["spec.target.template.data", { target: { template: { data: { a: "b" } } } }],
    ["spec.target.template.templateFrom", { target: { template: { templateFrom: [{ literal: "x" }] } } }],
    [
      "spec.target.template.metadata.labels[l] with a template",
      { target: { template: { metadata: { labels: { l: "{{ .a }}" } } } } },
    ],
    [
      "spec.dataFrom[0].rewrite",
      { dataFrom: [{ extract: { key: "k" }, rewrite: [{ regexp: { source: "a", target: "b" } }] }] },
    ],
    [
      "spec.dataFrom[0].sourceRef.generatorRef",
      { dataFrom: [{ sourceRef: { generatorRef: { kind: "Password", name: "p" } } }] },
    ],
  ];
  for (const [field, given] of table) {
    t.match(
      refusal(object(given)),
      { condition: `${field} is not supported by this version of Outboard`, retried: false },
      field,
    );
  }
  const privileged: readonly (readonly [string, ExternalSecretTemplate])[] = [
    ["bootstrap", { type: "bootstrap.kubernetes.io/token" }],
    ["service account", { type: token, metadata: account }],
  ];
  for (const [what, template] of privileged) {
    const failure = refusal(object({ target: { template } }));
    t.equal(failure?.condition, "could not update secret", what);
    t.match(failure?.error.message, /^could not apply template: template\.type=.* is not allowed$/, what);
  }
  t.match(refusal(object({ refreshInterval: "soon" })), { condition: /^spec\.refreshInterval: not a duration/ });
  t.equal(refusal(object({ target: { template: { type: token } } })), undefined, "the type alone");
  t.equal(
    refusal(object({ target: { creationPolicy: "None", deletionPolicy: "Retain", immutable: false } })),
    undefined,
  );
  t.end();
});

const expression = (key: string, operator: string, values?: string[]): NamespaceCondition => ({
  namespaceSelector: { matchExpressions: [{ key, operator, ...(values && { values }) }] },
});

test("which namespaces the conditions of a cluster store let in", async (t) => {
  const namespace = { name: "team-a", labels: { env: "prod", "kubernetes.io/metadata.name": "team-a" } };
  const table: readonly (readonly [what: string, conditions: readonly NamespaceCondition[], expected: boolean])[] = [
    ["none", [], true],
    ["an empty one", [{}], false],
    ["by name", [{ namespaces: ["other", "team-a"] }], true],
    ["another name", [{ namespaces: ["team"] }], false],
    ["by label", [{ namespaceSelector: { matchLabels: { env: "prod" } } }], true],
    ["another label", [{ namespaceSelector: { matchLabels: { env: "dev" } } }], false],
    ["any label", [{ namespaceSelector: {} }], true],
    ["In", [expression("env", "In", ["dev", "prod"])], true],
    ["NotIn", [expression("env", "NotIn", ["prod"])], false],
    ["NotIn, label missing", [expression("x", "NotIn", ["prod"])], true],
    ["Exists", [expression("x", "Exists")], false],
    ["DoesNotExist", [expression("constructor", "DoesNotExist")], true],
    ["by part of the name", [{ namespaceRegexes: ["am-"] }], true],
    ["anchored by the user", [{ namespaceRegexes: ["^a"] }], false],
    ["any of several", [{ namespaces: ["x"] }, { namespaces: ["y"], namespaceRegexes: ["a$"] }], true],
  ];
  for (const [what, conditions, expected] of table) t.equal(await letsIn(conditions, namespace), expected, what);
  await t.rejects(letsIn([{ namespaceRegexes: ["("] }], namespace), {
    code: "InvalidConfig",
    message: /namespaceRegexes\[0\]/,
  });
  await t.rejects(letsIn([expression("env", "Like")], namespace), {
    code: "InvalidConfig",
    message: /spec\.conditions\[0\]/,
  });
});

test("a condition changes by ESO's rules", (t) => {
  const old: HeldCondition[] = [
    {
      type: "Ready",
      status: "True",
      reason: "SecretSynced",
      message: "secret synced",
      lastTransitionTime: "2026-01-01T00:00:00Z",
    },
    { type: "Deleted", status: "False" },
  ];
  const ready = { status: "True", reason: "SecretSynced", message: "secret synced" } as const;
  t.equal(withReady(old, ready, now), old, "the same: untouched");
  t.strictSame(
    withReady(old, { ...ready, message: "other" }, now)[1],
    { type: "Ready", ...ready, message: "other", lastTransitionTime: "2026-01-01T00:00:00Z" },
    "moved to the end, its time kept",
  );
  t.match(withReady(old, { ...ready, status: "False" }, now)[1], {
    status: "False",
    lastTransitionTime: "2026-08-08T12:00:00Z",
  });
  t.match(
    withReady(undefined, ready, now + 999),
    [{ type: "Ready", lastTransitionTime: "2026-08-08T12:00:00Z" }],
    "whole seconds",
  );
  t.end();
});
