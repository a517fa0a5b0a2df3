import t from "tap";
import {
  ask,
  bytes,
  context,
  coreUri,
  counted,
  emptyFields,
  get,
  getRequest,
  idle,
  mebibyte,
  remoteRef,
  serverPair,
  spec,
  start,
  testProvider,
  unused,
} from "../../test/adapter-fixture.ts";
import { until } from "../../test/local-world.ts";
import { ProviderError } from "../api/errors.ts";
import { identify } from "../wire/certificates.ts";
import { encodeSpec } from "../wire/context.ts";
import { fromDescribeResponse } from "../wire/describe.ts";
import { toPush } from "../wire/push.ts";

t.test("the eight calls reach the provider's client, with credentials from the context", async (t) => {
  const seen: unknown[] = [];
  const provider = testProvider(
    {},
    {
      newClient: async (store, given, signal) => {
        const token = await given.secret({ name: "creds", key: "token" }, signal);
        seen.push(["client", store.name, store.spec.provider, given.namespace, Buffer.from(token).toString()]);
        return {
          ...idle,
          getSecret: async (ref) => bytes(`value of ${ref.key}`),
          getSecretMap: async () => new Map([["__proto__", new Uint8Array([0, 255])]]),
          getAllSecrets: async (find) => new Map([["found", bytes(find.name?.regexp ?? "")]]),
          pushSecret: async (source, data) =>
            void seen.push(["push", source.type, [...source.data.keys()], data.remoteKey]),
          deleteSecret: async (ref) => void seen.push(["delete", ref.remoteKey]),
          secretExists: async (ref) => ref.remoteKey === "r",
          validate: async () => "Unknown" as const,
        };
      },
    },
  );
  const started = await start(t, { provider });
  const { store } = started;
  t.equal(Buffer.from((await get(started)).value).toString(), "value of db");
  const map = await ask<{ secrets: Map<string, Uint8Array> }>((m, o, c) => store.getSecretMap(getRequest, m, o, c));
  t.strictSame(
    [...map.secrets].map(([key, value]) => [key, [...value]]),
    [["__proto__", [0, 255]]],
  );
  const find = {
    path: "",
    name: { regexp: "^a" },
    tags: new Map<string, string>(),
    conversionStrategy: "",
    decodingStrategy: "",
  };
  const all = await ask<{ secrets: Map<string, Uint8Array> }>((m, o, c) =>
    store.getAllSecrets({ ...emptyFields, find, context }, m, o, c),
  );
  t.equal(Buffer.from(all.secrets.get("found") ?? []).toString(), "^a");
  const push = toPush(
    { data: new Map([["k", bytes("v")]]), type: "Opaque", labels: {}, annotations: {} },
    { secretKey: "k", remoteKey: "r", property: "" },
  );
  await ask((m, o, c) => store.pushSecret({ ...emptyFields, context, ...push }, m, o, c));
  const pushRef = { ...emptyFields, context, remoteRef: { remoteKey: "r", property: "" } };
  await ask((m, o, c) => store.deleteSecret(pushRef, m, o, c));
  t.match(await ask((m, o, c) => store.secretExists(pushRef, m, o, c)), { exists: true });
  t.match(await ask((m, o, c) => store.validate({ ...emptyFields, context }, m, o, c)), {
    valid: true,
    info: { validation: 2 },
  });
  t.match(await ask((m, o, c) => store.capabilities({ ...emptyFields, context }, m, o, c)), { capabilities: 2 });
  t.strictSame(seen, [
    [
      "client",
      "main",
      { test: { url: "https://x", tokenSecretRef: { name: "creds", key: "token" } } },
      "team",
      "t0ken",
    ],
    ["push", "Opaque", ["k"], "r"],
    ["delete", "r"],
  ]);
  t.equal(await counted(started.registry, 'grpc_server_requests_total{method="GetSecret",code="OK"}'), 1);
  t.equal(await counted(started.registry, 'grpc_server_request_duration_seconds_count{method="PushSecret"}'), 1);
  t.equal(await counted(started.registry, 'grpc_server_requests_in_flight{method="GetSecret"}'), 0);
  t.strictSame(started.lines, [], "what went well is not logged");
});

t.test("errors arrive with code and wait, are logged in one line, and what a library said stays inside", async (t) => {
  const failing = [
    new ProviderError("RateLimited", "slow \u001b[31mdown", { retryAfter: 2_000 }),
    new SyntaxError("Unexpected token in hunter2"),
  ];
  const started = await start(t, {
    provider: testProvider({
      getSecret: async () => {
        throw failing.shift() ?? new Error("too many calls");
      },
    }),
  });
  await t.rejects(get(started), { code: "RateLimited", message: "slow \u001b[31mdown", retryAfter: 2_000 });
  await t.rejects(get(started), {
    code: "Internal",
    message: "unexpected error in the provider; its log has the details",
  });
  t.equal(started.lines.length, 2);
  const [limited, broken] = started.lines.map((line): unknown => JSON.parse(line));
  t.match(limited, {
    level: "info",
    msg: "call failed",
    method: "GetSecret",
    code: "RateLimited",
    message: String.raw`slow \x1b[31mdown`,
    peer: coreUri,
    store: "SecretStore/team/main",
    caller: "team",
    seconds: Number,
  });
  t.match(broken, { code: "Internal", cause: { type: "SyntaxError", at: [/adapter\.test\.ts/] } });
  t.notMatch(started.lines.join(""), "hunter2");
  t.equal(await counted(started.registry, 'grpc_server_requests_total{method="GetSecret",code="RateLimited"}'), 1);
});

t.test("a request without context is InvalidConfig, and Validate tells it as the prototype does", async (t) => {
  const { store } = await start(t, { provider: testProvider({}) });
  const bare = { ...emptyFields, remoteRef, context: undefined };
  await t.rejects(
    ask((m, o, c) => store.getSecret(bare, m, o, c)),
    { code: "InvalidConfig", message: /no context/ },
  );
  t.match(await ask((m, o, c) => store.validate(bare, m, o, c)), { valid: false, error: /no context/ });
  t.match(await ask((m, o, c) => store.capabilities(bare, m, o, c)), { capabilities: 2 }, "there is one key only");
});

t.test("Validate of ours fails with the code of its error, and what the spec has too much is a warning", async (t) => {
  const failing = await start(t, {
    provider: testProvider({
      validate: async () => {
        throw new ProviderError("Unauthenticated", "permission denied");
      },
    }),
  });
  const validate = ({ store }: typeof failing, given = context) =>
    ask((m, o, c) => store.validate({ ...emptyFields, context: given }, m, o, c));
  await t.rejects(validate(failing), { code: "Unauthenticated" });
  const undetermined = new ProviderError("Unavailable", "the backend has no such call");
  const unsure = await start(t, { provider: testProvider({ validate: async () => ({ undetermined }) }) });
  t.match(await validate(unsure), { valid: false, error: "the backend has no such call", info: { validation: 2 } });
  const good = await start(t, { provider: testProvider({ validate: async () => "Ready" as const }) });
  const odd = { ...context, spec: encodeSpec({ provider: { test: { uri: "x" } } }), digest: new Uint8Array() };
  t.match(await validate(good, odd), { valid: true, info: { validation: 1, warnings: [/\/provider\/test\/uri/] } });
  const wrong = { ...odd, spec: bytes('{"provider":{"test":{"url":1}}}') };
  await t.rejects(validate(good, wrong), { code: "InvalidConfig", message: /\/provider\/test\/url/ });
});

t.test("ValidateStore tells warnings and errors of a spec and calls no backend", async (t) => {
  const { provider } = await start(t, {
    provider: testProvider({}, { newClient: unused, validateStore: async () => ({ warnings: ["w"], errors: ["e"] }) }),
  });
  t.strictSame(await ask((m, o, c) => provider.validateStore({ context }, m, o, c)), {
    warnings: ["w"],
    errors: ["e"],
  });
});

t.test("Describe tells keys, kinds, operations, references, limits and the certificates in use", async (t) => {
  const implementation = testProvider({}, { sharesClients: true });
  const kind = { group: "example.com", version: "v1", kind: "Test" };
  const { provider } = await start(t, {
    provider: implementation,
    more: [{ key: "custom", provider: testProvider({}), spec, kind }],
  });
  const response = await ask<Parameters<typeof fromDescribeResponse>[0]>((m, o, c) => provider.describe({}, m, o, c));
  const description = fromDescribeResponse(response);
  t.match(description, { name: "test", version: "1.2.3", leafSerial: identify(serverPair).leafSerial });
  t.strictSame(description?.keys, [
    {
      key: "test",
      operations: ["get", "map", "push"],
      references: [{ path: "/tokenSecretRef", kind: "Secret" }],
      sharesClients: true,
    },
    {
      key: "custom",
      operations: ["get", "map", "push"],
      references: [{ path: "/tokenSecretRef", kind: "Secret" }],
      sharesClients: false,
    },
  ]);
  t.strictSame(
    description?.kinds,
    [
      {
        ...kind,
        operations: ["get", "map", "push"],
        references: [{ path: "/tokenSecretRef", kind: "Secret" }],
      },
    ],
    "a store without a kind is no kind",
  );
  t.equal(
    Buffer.compare(description?.trustBundleDigest ?? new Uint8Array(), identify(serverPair).trustBundleDigest),
    0,
  );
  t.match(response.limits, { maxReads: 256, readBudgetBytes: 4 * mebibyte });
});

t.test("an answer of one call that no response can hold is TooLarge", async (t) => {
  const started = await start(t, { provider: testProvider({ getSecret: async () => new Uint8Array(9 * mebibyte) }) });
  await t.rejects(get(started), { code: "TooLarge", message: /the answer has 9437\d+ bytes/ });
});

t.test("a request that is too large is TooLarge", async (t) => {
  const { store } = await start(t, { provider: testProvider({}) });
  const push = toPush(
    { data: new Map([["k", new Uint8Array(5 * mebibyte)]]), type: "Opaque", labels: {}, annotations: {} },
    { secretKey: "k", remoteKey: "r", property: "" },
  );
  await t.rejects(
    ask((m, o, c) => store.pushSecret({ ...emptyFields, context, ...push }, m, o, c)),
    { code: "TooLarge" },
  );
});

t.test("calls beyond what one store may have in flight are RateLimited", async (t) => {
  const { promise, resolve } = Promise.withResolvers<Uint8Array>();
  let waiting = 0;
  const started = await start(t, {
    perStore: 2,
    provider: testProvider({
      getSecret: () => {
        waiting += 1;
        return promise;
      },
    }),
  });
  const first = [get(started), get(started)];
  await until("both calls are in flight", () => waiting === 2);
  await t.rejects(get(started), { code: "RateLimited", retryAfter: Number });
  resolve(bytes("v"));
  await Promise.all(first);
  t.ok(await get(started));
});
