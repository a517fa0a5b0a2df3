import { test } from "tap";
import { Type } from "typebox";
import { ProviderError } from "../api/errors.ts";
import type { Context, PushData, Store } from "../api/provider.ts";
import { caProvider, secretRef } from "../api/schema.ts";
import { createLease } from "./lease.ts";
import { mapConcurrently } from "./concurrently.ts";
import { defineProvider } from "./define-provider.ts";
import type { Operations, WriteRequest } from "./operations.ts";

const spec = Type.Object({
  auth: Type.Optional(secretRef()),
  ca: Type.Optional(caProvider()),
});

type Memory = Map<string, Uint8Array>;

const never = new AbortController().signal;

/** A backend in memory; `extra` adds and replaces operations. */
function memory(values: Readonly<Record<string, string>>, extra: Partial<Operations<typeof spec, Memory>> = {}) {
  const connection: Memory = new Map(Object.entries(values).map(([key, value]) => [key, bytes(value)]));
  return defineProvider<typeof spec, Memory>({
    name: "memory",
    spec,
    connect: async () => connection,
    read: async (secrets, { key, version }) => secrets.get(version === undefined ? key : `${key}@${version}`),
    ...extra,
  });
}

test("capabilities are the operations that are there, and the others are Unsupported", async (t) => {
  const everything = memory(
    {},
    { list: async () => [], write: async () => {}, remove: async () => {}, exists: async () => true },
  );
  t.strictSame(await everything.capabilities(never), ["get", "map", "find", "push", "delete", "exists"]);
  t.strictSame(await memory({}).capabilities(never), ["get", "map"]);
  const writer = defineProvider<typeof spec, undefined>({
    name: "writer",
    spec,
    connect: async () => undefined,
    write: async () => {},
  });
  t.strictSame(await writer.capabilities(never), ["push"]);
  const client = await writer.newClient(storeOf({}, "writer"), contextOf(), never);
  const ref = { remoteKey: "k", property: "" };
  const calls: readonly (() => Promise<unknown>)[] = [
    () => client.getSecret({ key: "k" }, never),
    () => client.getSecretMap({ key: "k" }, never),
    () => client.getAllSecrets({}, never),
    () => client.deleteSecret(ref, never),
    () => client.secretExists(ref, never),
  ];
  for (const call of calls) {
    await t.rejects(call(), {
      name: "ProviderError",
      code: "Unsupported",
      message: /^provider writer does not support /,
    });
  }
  t.equal(await client.validate(never), "Ready");
  await client.close();
});

test("reads give values, versions, properties and maps", async (t) => {
  const provider = memory({ text: "plain", "text@2": "older", json: '{"a":{"b":[1,2]},"s":"x"}' });
  const client = await provider.newClient(storeOf({}), contextOf(), never);
  const get = async (ref: Parameters<typeof client.getSecret>[0]) => text(await client.getSecret(ref, never));
  t.equal(await get({ key: "text" }), "plain");
  t.equal(await get({ key: "text", version: "2" }), "older");
  t.equal(await get({ key: "text", version: "", property: "" }), "plain");
  t.equal(await get({ key: "json", property: "a.b.1" }), "2");
  t.equal(await get({ key: "text", metadataPolicy: "Fetch" }), "plain", "a policy that the backend lacks is ignored");
  const map = await client.getSecretMap({ key: "json" }, never);
  t.strictSame(
    [...map].map(([key, value]) => [key, text(value)]),
    [
      ["a", '{"b":[1,2]}'],
      ["s", "x"],
    ],
  );
  t.strictSame([...(await client.getSecretMap({ key: "json", property: "a" }, never)).keys()], ["b"]);
  await t.rejects(get({ key: "gone" }), { code: "NoSecret", message: "Secret does not exist" });
  await t.rejects(client.getSecretMap({ key: "text" }, never), { code: "InvalidConfig" });
});

test("metadata is read by the policy Fetch and has properties too", async (t) => {
  const provider = memory({}, { readMetadata: async (_, { key }) => bytes(`{"owner":"of ${key}"}`) });
  const client = await provider.newClient(storeOf({}), contextOf(), never);
  const ref = { key: "k", metadataPolicy: "Fetch" as const };
  t.equal(text(await client.getSecret(ref, never)), '{"owner":"of k"}');
  t.equal(text(await client.getSecret({ ...ref, property: "owner" }, never)), "of k");
  await t.rejects(client.getSecret({ ...ref, metadataPolicy: "None" }, never), { code: "NoSecret" });
});

test("find matches names unanchored, reads what matches, and leaves out what is gone", async (t) => {
  const asked: unknown[] = [];
  const provider = memory(
    { "team/a": "1", "team/b": "2", other: "3" },
    {
      list: async (secrets, request) => {
        asked.push(request);
        return request.path === "nowhere" ? undefined : [...secrets.keys(), "team/gone"];
      },
    },
  );
  const client = await provider.newClient(storeOf({}), contextOf(), never);
  const names = async (find: Parameters<typeof client.getAllSecrets>[0]) => [
    ...(await client.getAllSecrets(find, never)).keys(),
  ];
  t.strictSame(await names({ name: { regexp: "eam/" } }), ["team/a", "team/b"]);
  t.strictSame(await names({ path: "p", tags: { a: "b" } }), ["team/a", "team/b", "other"]);
  t.strictSame(await names({ name: { regexp: "^nothing$" } }), []);
  t.strictSame(asked, [
    { path: undefined, tags: undefined, named: true },
    { path: "p", tags: { a: "b" }, named: false },
    { path: undefined, tags: undefined, named: true },
  ]);
  await t.rejects(names({ path: "nowhere" }), { code: "NoSecret" });
  await t.rejects(names({ name: { regexp: "(" } }), { code: "InvalidConfig", message: /find\.name\.regexp/ });
});

test("a push hands over value and checked metadata, a deletion and existence the property", async (t) => {
  const written: Pick<WriteRequest, "key" | "property" | "value" | "metadata">[] = [];
  const removed: unknown[] = [];
  const provider = memory(
    { json: '{"a":{"b":1}}', text: "x" },
    {
      pushMetadata: Type.Object({ owner: Type.String() }),
      write: async (_, { key, property, value, metadata }) => {
        written.push({ key, property, value, metadata });
      },
      remove: async (_, request) => {
        removed.push(request);
      },
      exists: async (secrets, key) => secrets.has(key),
    },
  );
  const client = await provider.newClient(storeOf({}), contextOf(), never);
  const source = { data: new Map([["k", bytes("v")]]), type: "Opaque", labels: {}, annotations: {} };
  const push = (data: Partial<PushData>) =>
    client.pushSecret(source, { secretKey: "k", remoteKey: "r", property: "p", ...data }, never);
  await push({});
  await push({ secretKey: "", property: "", metadata: metadataOf({ owner: "me" }) });
  t.strictSame(
    written.map((each) => ({ ...each, value: text(each.value) })),
    [
      { key: "r", property: "p", value: "v", metadata: undefined },
      { key: "r", property: "", value: '{"k":"v"}', metadata: { owner: "me" } },
    ],
  );
  await t.rejects(push({ secretKey: "absent" }), { code: "InvalidConfig" });
  for (const [metadata, message] of [
    [bytes("hunter2"), /it is not JSON$/],
    [metadataOf({ owner: 1 }), /"\/spec\/owner" must be of type string/],
    [metadataOf({ owner: "me", hunter3: 1 }), /"\/spec\/hunter3" is not a field/],
    [bytes('{"apiVersion":"v1","kind":"PushSecretMetadata"}'), /"\/apiVersion" must be one of/],
  ] as const) {
    await t.rejects(push({ metadata }), { code: "InvalidConfig", message });
  }
  t.equal(written.length, 2);
  await client.deleteSecret({ remoteKey: "r", property: "p" }, never);
  t.strictSame(removed, [{ key: "r", property: "p" }]);
  const exists = (remoteKey: string, property: string) => client.secretExists({ remoteKey, property }, never);
  t.equal(await exists("json", ""), true);
  t.equal(await exists("json", "a.b"), true);
  t.equal(await exists("json", "a.c"), false);
  t.equal(await exists("gone", ""), false);
  t.equal(await exists("gone", "a"), false);
  await t.rejects(exists("text", "a"), { code: "InvalidConfig" });
});

test("push metadata is ignored by a provider that takes none", async (t) => {
  const seen: unknown[] = [];
  const provider = memory({}, { write: async (_, { metadata }) => void seen.push(metadata) });
  const client = await provider.newClient(storeOf({}), contextOf(), never);
  const source = { data: new Map([["k", bytes("v")]]), type: "Opaque", labels: {}, annotations: {} };
  const data = { secretKey: "k", remoteKey: "r", property: "", metadata: bytes("anything") };
  await client.pushSecret(source, data, never);
  t.strictSame(seen, [undefined]);
});

test("what an operation throws leaves as a ProviderError without its text", async (t) => {
  const provider = memory({}, { read: async () => Promise.reject(new TypeError("hunter2 of undefined")) });
  const client = await provider.newClient(storeOf({}), contextOf(), never);
  await t.rejects(client.getSecret({ key: "k" }, never), { code: "Internal", message: /^(?!.*hunter2)/ });
  await t.rejects(client.getSecret({ key: "k" }, AbortSignal.abort()), { code: "Cancelled" });
  const waiting = memory(
    {},
    {
      read: (_, __, signal) =>
        new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(new Error("socket closed")))),
    },
  );
  const other = await waiting.newClient(storeOf({}), contextOf(), never);
  await t.rejects(other.getSecret({ key: "k" }, cutOff()), { code: "DeadlineExceeded" });
  const closed = memory({}, { connect: async () => Promise.reject(new ProviderError("Unavailable", "down")) });
  await t.rejects(closed.newClient(storeOf({}), contextOf(), never), { code: "Unavailable", message: "down" });
  await t.rejects(provider.newClient(storeOf(undefined), contextOf(), never), { code: "InvalidConfig" });
});

test("a cluster store whose references wait for a caller is Unknown and connects to nothing", async (t) => {
  let connections = 0;
  const provider = memory(
    { k: "v" },
    {
      connect: async () => {
        connections += 1;
        return new Map();
      },
    },
  );
  const waiting = await provider.newClient(cluster({ auth: { name: "s", key: "k" } }), contextOf(""), never);
  t.equal(await waiting.validate(never), "Unknown");
  await t.rejects(waiting.getSecret({ key: "k" }, never), { code: "InvalidConfig" });
  await waiting.close();
  t.equal(connections, 0);
  for (const [store, namespace] of [
    [cluster({ auth: { name: "s", key: "k", namespace: "n" } }), ""],
    [cluster({ auth: { name: "s", key: "k" } }), "caller"],
    [cluster({}), ""],
    [storeOf({ auth: { name: "s", key: "k" } }), "default"],
  ] as const) {
    const client = await provider.newClient(store, contextOf(namespace), never);
    t.equal(await client.validate(never), "Ready");
  }
  t.equal(connections, 4);
});

test("validateStore reports foreign namespaces and what the provider itself finds", async (t) => {
  const provider = memory({}, { check: () => ["own rule"] });
  const errors = async (value: unknown, kind = "SecretStore") =>
    (await provider.validateStore({ ...storeOf(value), kind }, never)).errors;
  const foreign = { auth: { name: "s", namespace: "other" }, ca: { type: "Secret", name: "c", namespace: "default" } };
  t.strictSame(await errors(foreign), [
    "/auth: namespace should either be empty or match the namespace of the SecretStore for a namespaced SecretStore",
    "own rule",
  ]);
  t.strictSame(await errors(foreign, "ClusterSecretStore"), ["own rule"]);
});

test("a lease is acquired once for all callers, renewed by use, and acquired anew when refused or worn out", async (t) => {
  let now = 0;
  let acquired = 0;
  let renewal: number | undefined = 100;
  const calls: string[] = [];
  const lease = createLease<string>({
    now: () => now,
    acquire: async () => {
      calls.push("acquire");
      acquired += 1;
      await Promise.resolve();
      return { value: `lease ${acquired}`, duration: 100_000, renewable: true };
    },
    renew: async (value) => {
      calls.push("renew");
      if (renewal === undefined) throw new ProviderError("PermissionDenied", "no");
      return { value, duration: renewal * 1000, renewable: true };
    },
  });
  const get = () => lease.get(never);
  t.strictSame(await Promise.all([get(), get(), get()]), ["lease 1", "lease 1", "lease 1"]);
  now = 49_000;
  t.equal(await get(), "lease 1");
  t.strictSame(calls.splice(0), ["acquire"]);
  now = 51_000;
  t.strictSame(await Promise.all([get(), get()]), ["lease 1", "lease 1"]);
  t.strictSame(calls.splice(0), ["renew"]);
  now = 102_000;
  renewal = 20;
  t.equal(await get(), "lease 2", "renewed for less than half: near its maximum age");
  now = 160_000;
  renewal = undefined;
  t.equal(await get(), "lease 3", "a renewal that fails");
  t.strictSame(calls.splice(0), ["renew", "acquire", "renew", "acquire"]);
  now = 165_000;
  t.equal(lease.refused("lease 3"), false, "a fresh one is not replaced: its holder may not, that is all");
  t.equal(lease.refused("lease 2"), true, "it was replaced already");
  t.equal(await get(), "lease 3");
  now = 171_000;
  t.equal(lease.refused("lease 3"), true);
  t.equal(await get(), "lease 4");
  t.equal(lease.end(), "lease 4");
  t.equal(lease.end(), undefined);
});

test("a lease that cannot be replaced serves to its end, and one caller's cancel ends no other's wait", async (t) => {
  let now = 0;
  let fails = false;
  const gate = Promise.withResolvers<void>();
  const lease = createLease<string>({
    now: () => now,
    acquire: async () => {
      await gate.promise;
      if (fails) throw new ProviderError("Unavailable", "sealed");
      return { value: "v", duration: 100, renewable: false };
    },
    renew: async () => Promise.reject(new Error("not renewable")),
  });
  const cancelled = lease.get(cutOff());
  const waits = lease.get(never);
  await t.rejects(cancelled, { code: "DeadlineExceeded" });
  gate.resolve();
  t.equal(await waits, "v");
  fails = true;
  now = 99;
  t.equal(await lease.get(never), "v");
  now = 101;
  await t.rejects(lease.get(never), { code: "Unavailable", message: "sealed" });
  fails = false;
  t.equal(await lease.get(never), "v", "and recovers");
});

test("concurrent work is bounded, ordered, and stops at the first error", async (t) => {
  let running = 0;
  let most = 0;
  let started = 0;
  const work = async (item: number) => {
    started += 1;
    most = Math.max(most, ++running);
    await new Promise((resolve) => setImmediate(resolve));
    running -= 1;
    if (item === 20) throw new Error("twenty");
    return item * 2;
  };
  const items = Array.from({ length: 20 }, (_, index) => index);
  t.strictSame(
    await mapConcurrently(items, 4, work),
    items.map((item) => item * 2),
  );
  t.equal(most, 4);
  t.strictSame(await mapConcurrently([], 4, work), []);
  started = 0;
  await t.rejects(mapConcurrently([20, ...items], 2, work), { message: "twenty" });
  t.ok(started < 5);
});

function storeOf(value: unknown, key = "memory"): Store {
  return {
    apiVersion: "external-secrets.io/v1",
    kind: "SecretStore",
    namespace: "default",
    name: "store",
    uid: "uid",
    generation: 1,
    spec: { provider: { [key]: value } },
  };
}

function cluster(value: unknown): Store {
  return { ...storeOf(value), kind: "ClusterSecretStore", namespace: "" };
}

async function refuse(): Promise<never> {
  throw new Error("nothing is referred to");
}

function contextOf(namespace = "default"): Context {
  return { namespace, ambient: false, secret: refuse, configMap: refuse, token: refuse };
}

/** Times out soon; unlike AbortSignal.timeout it keeps the process waiting for it. */
function cutOff(): AbortSignal {
  const controller = new AbortController();
  setTimeout(() => controller.abort(new DOMException("time is over", "TimeoutError")), 10);
  return controller.signal;
}

function metadataOf(metadata: unknown): Uint8Array {
  const wrapper = { apiVersion: "kubernetes.external-secrets.io/v1alpha1", kind: "PushSecretMetadata", spec: metadata };
  return bytes(JSON.stringify(wrapper));
}

function bytes(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

function text(value: Uint8Array): string {
  return new TextDecoder().decode(value);
}
