import { Metadata, type CallOptions, type Client, type ServiceError } from "@grpc/grpc-js";
import { connect, createServer as createTcpServer, type Socket } from "node:net";
import { once } from "node:events";
import { pipeline } from "node:stream";
import t, { type Test } from "tap";
import { ProviderError } from "../api/errors.ts";
import type { Operation, Provider, SecretsClient } from "../api/provider.ts";
import { createCa, issueLeaf } from "../certs/issue.ts";
import type { StoreDefinition } from "../host/definition.ts";
import { defaultLimits } from "../host/limits.ts";
import { createLogger } from "../process/logs.ts";
import { createRegistry } from "../process/metrics.ts";
import { certificates, identify, type Certificates } from "../wire/certificates.ts";
import { channelCredentials } from "../wire/channel-credentials.ts";
import { encodeSpec, toContext, type CallContext } from "../wire/context.ts";
import { fromDescribeResponse } from "../wire/describe.ts";
import { HealthCheckResponse_ServingStatus as ServingStatus, HealthClient } from "../wire/gen/grpc/health/v1/health.ts";
import { ProviderClient, type ReadItem } from "../wire/gen/outboard/v1/provider.ts";
import { SecretStoreProviderClient } from "../wire/gen/provider/v1/secretstore.ts";
import { fromReadOutcome, toDataRemoteRef, toReadItem } from "../wire/reads.ts";
import { toPush } from "../wire/push.ts";
import { fromStatus } from "../wire/status.ts";
import { parseAllowClient } from "./allow-client.ts";
import { createServer } from "./server.ts";

const hour = 3_600_000;
const mebibyte = 1024 * 1024;
const now = Date.now();
const serverName = "test.secrets.svc";
const core = "spiffe://cluster.local/ns/outboard/sa/core";
const authority = await createCa({ commonName: "test", validity: hour, now });
const bytes = (text: string) => new TextEncoder().encode(text);

async function client(uri: string): Promise<Certificates> {
  const { certPem, keyPem } = await issueLeaf({ ca: authority, usage: "client", uris: [uri], validity: hour, now });
  return { ca: authority.certPem, cert: certPem, key: keyPem };
}

const serverLeaf = await issueLeaf({ ca: authority, usage: "server", dnsNames: [serverName], validity: hour, now });
const serverPair: Certificates = { ca: authority.certPem, cert: serverLeaf.certPem, key: serverLeaf.keyPem };
const corePair = await client(core);

const spec = {
  type: "object",
  properties: {
    url: { type: "string" },
    tokenSecretRef: {
      type: "object",
      properties: { name: { type: "string" }, namespace: { type: "string" }, key: { type: "string" } },
      "x-outboard-ref": { kind: "Secret" },
    },
  },
};

const unused = async (): Promise<never> => {
  throw new Error("not a part of this test");
};

const idle: SecretsClient = {
  getSecret: unused,
  getSecretMap: unused,
  getAllSecrets: unused,
  pushSecret: unused,
  deleteSecret: unused,
  secretExists: unused,
  validate: unused,
  close: async () => {},
};

function testProvider(secretsClient: Partial<SecretsClient>, provider: Partial<Provider> = {}): Provider {
  return {
    name: "test",
    capabilities: async (): Promise<readonly Operation[]> => ["get", "map", "push"],
    validateStore: async () => ({ warnings: [], errors: [] }),
    newClient: async () => ({ ...idle, ...secretsClient }),
    ...provider,
  };
}

interface Started {
  readonly provider: Provider;
  readonly allow?: readonly string[];
  readonly perStore?: number;
  /** Beside the store "test". */
  readonly more?: readonly StoreDefinition[];
}

async function start(t: Test, { provider, allow = [core], perStore = 128, more = [] }: Started) {
  const lines: string[] = [];
  const registry = createRegistry();
  const server = createServer({
    definition: {
      name: "test",
      displayName: "Test",
      version: "1.2.3",
      stores: [{ key: "test", provider, spec }, ...more],
    },
    certificates: certificates(serverPair),
    allowClients: () => allow.map(parseAllowClient),
    maxConnectionAge: 300_000,
    hostLimits: { ...defaultLimits, inFlightPerStore: perStore },
    registry,
    logger: createLogger({ name: "test", level: "info", destination: { write: (line) => void lines.push(line) } }),
  });
  const port = await server.listen("127.0.0.1", 0);
  t.teardown(() => server.drain(0));
  const dial = (pair: Certificates, to = port) => {
    const credentials = channelCredentials(certificates(pair), serverName);
    const options = {
      "grpc.max_receive_message_length": 16 * mebibyte,
      "grpc.max_send_message_length": 16 * mebibyte,
      "grpc.enable_http_proxy": 0,
      "grpc.use_local_subchannel_pool": 1,
    };
    const address = `127.0.0.1:${to}`;
    const clients = {
      store: new SecretStoreProviderClient(address, credentials, options),
      provider: new ProviderClient(address, credentials, options),
      health: new HealthClient(address, credentials, options),
    };
    t.teardown(() => Object.values(clients).forEach((each: Client) => each.close()));
    return clients;
  };
  return { server, port, registry, lines, dial, ...dial(corePair) };
}

const options = (milliseconds = 60_000): CallOptions => ({ deadline: Date.now() + milliseconds });

/** A call's answer; what went wrong arrives as the shim would see it. */
function ask<Response>(
  make: (
    metadata: Metadata,
    options: CallOptions,
    callback: (error: ServiceError | null, response: Response) => void,
  ) => unknown,
  callOptions = options(),
): Promise<Response> {
  const { promise, resolve, reject } = Promise.withResolvers<Response>();
  make(new Metadata(), callOptions, (error, response) => (error ? reject(fromStatus(error)) : resolve(response)));
  return promise;
}

const callContext: CallContext = {
  store: {
    apiVersion: "external-secrets.io/v1",
    kind: "SecretStore",
    namespace: "team",
    name: "main",
    uid: "u1",
    generation: 1,
  },
  spec: encodeSpec({ provider: { test: { url: "https://x", tokenSecretRef: { name: "creds", key: "token" } } } }),
  callerNamespace: "team",
  credentials: [
    {
      path: "/provider/test/tokenSecretRef",
      kind: "Secret",
      namespace: "team",
      name: "creds",
      keys: new Map([["token", bytes("t0ken")]]),
    },
  ],
  digest: "aa",
  ambient: false,
};
const context = toContext(callContext);
const old = { providerRef: undefined, compatibilityStore: undefined, sourceNamespace: "" };
const remoteRef = toDataRemoteRef({ key: "db" });
const getRequest = { ...old, remoteRef, context };
const get = (started: { readonly store: SecretStoreProviderClient }, callOptions = options()) =>
  ask<{ value: Uint8Array }>((m, o, c) => started.store.getSecret(getRequest, m, o, c), callOptions);
const read = (started: { readonly provider: ProviderClient }, reads: ReadItem[], callOptions = options()) =>
  ask<{ outcomes: Parameters<typeof fromReadOutcome>[0][] }>(
    (m, o, c) => started.provider.read({ context, reads }, m, o, c),
    callOptions,
  ).then(({ outcomes }) => outcomes.map(fromReadOutcome));
const getItem = (key: string) => toReadItem({ op: "get", ref: { key } });

/** Waits until `condition` holds; the test's own timeout is the bound. */
async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 10));
}

/** The value of a series, 0 when there is none. */
async function counted(registry: ReturnType<typeof createRegistry>, series: string): Promise<number> {
  const line = (await registry.metrics()).split("\n").find((candidate) => candidate.startsWith(`${series} `));
  return Number(line?.split(" ").at(-1) ?? 0);
}

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
    store.getAllSecrets({ ...old, find, context }, m, o, c),
  );
  t.equal(Buffer.from(all.secrets.get("found") ?? []).toString(), "^a");
  const push = toPush(
    { data: new Map([["k", bytes("v")]]), type: "Opaque", labels: {}, annotations: {} },
    { secretKey: "k", remoteKey: "r", property: "" },
  );
  await ask((m, o, c) => store.pushSecret({ ...old, context, ...push }, m, o, c));
  const pushRef = { ...old, context, remoteRef: { remoteKey: "r", property: "" } };
  await ask((m, o, c) => store.deleteSecret(pushRef, m, o, c));
  t.match(await ask((m, o, c) => store.secretExists(pushRef, m, o, c)), { exists: true });
  t.match(await ask((m, o, c) => store.validate({ ...old, context }, m, o, c)), {
    valid: true,
    info: { validation: 2 },
  });
  t.match(await ask((m, o, c) => store.capabilities({ ...old, context }, m, o, c)), { capabilities: 2 });
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
    peer: core,
    store: "SecretStore/team/main",
    caller: "team",
    seconds: Number,
  });
  t.match(broken, { code: "Internal", cause: { type: "SyntaxError", at: [/adapter\.test\.ts/] } });
  t.notMatch(started.lines.join(""), "hunter2");
  t.equal(await counted(started.registry, 'grpc_server_requests_total{method="GetSecret",code="RateLimited"}'), 1);
});

t.test("what went wrong in one read of many is logged where only the log has the details", async (t) => {
  const thrown = new Map<string, Error>([
    ["missing", new ProviderError("NoSecret", "there is none")],
    ["broken", new SyntaxError("Unexpected token in hunter2")],
  ]);
  const started = await start(t, {
    provider: testProvider({
      getSecret: async ({ key }) => {
        throw thrown.get(key) ?? new Error("not asked for");
      },
    }),
  });
  const results = await read(started, ["missing", "broken"].map(getItem));
  t.match(results, [{ error: { code: "NoSecret" } }, { error: { code: "Internal" } }]);
  t.equal(started.lines.length, 1);
  const [line] = started.lines.map((text): unknown => JSON.parse(text));
  t.match(line, { method: "Read", code: "Internal", store: "SecretStore/team/main", cause: { type: "SyntaxError" } });
  t.notMatch(started.lines.join(""), "hunter2");
});

t.test("a request without context is InvalidConfig, and Validate tells it as the prototype does", async (t) => {
  const { store } = await start(t, { provider: testProvider({}) });
  const bare = { ...old, remoteRef, context: undefined };
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
    ask((m, o, c) => store.validate({ ...old, context: given }, m, o, c));
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

t.test("a cancelled call and a call past its deadline reach the provider's signal", async (t) => {
  const reasons: unknown[] = [];
  const waiting: AbortSignal[] = [];
  const started = await start(t, {
    provider: testProvider({
      getSecret: (_ref, signal) => {
        waiting.push(signal);
        const { promise, reject } = Promise.withResolvers<never>();
        signal.addEventListener("abort", () => {
          reasons.push(signal.reason instanceof Error ? signal.reason.name : signal.reason);
          reject(signal.reason);
        });
        return promise;
      },
    }),
  });
  const call = started.store.getSecret(getRequest, new Metadata(), options(), () => {});
  await until(() => waiting.length === 1);
  call.cancel();
  await until(() => reasons.length === 1);
  await t.rejects(get(started, options(300)), { code: "DeadlineExceeded" });
  await until(() => reasons.length === 2);
  t.strictSame(reasons, ["AbortError", "TimeoutError"]);
  await until(
    async () => (await counted(started.registry, 'grpc_server_requests_in_flight{method="GetSecret"}')) === 0,
  );
});

t.test("a connection that breaks aborts its calls", async (t) => {
  const signals: AbortSignal[] = [];
  const started = await start(t, {
    provider: testProvider({
      getSecret: async (_ref, signal) => {
        signals.push(signal);
        await once(signal, "abort");
        throw signal.reason;
      },
    }),
  });
  const sockets: Socket[] = [];
  const wire = createTcpServer((socket) => {
    const onward = connect(started.port, "127.0.0.1");
    sockets.push(socket, onward);
    pipeline(socket, onward, socket, () => {});
  });
  await new Promise<void>((listening) => wire.listen(0, "127.0.0.1", listening));
  t.teardown(() => wire.close());
  const address = wire.address();
  const failed = get(started.dial(corePair, typeof address === "object" ? address?.port : 0)).catch(
    (error: unknown) => error,
  );
  await until(() => signals.length === 1);
  for (const socket of sockets) socket.destroy();
  t.match(await failed, { code: "Unavailable" });
  await until(() => signals[0]?.aborted === true);
});

t.test("who --allow-client does not name is refused and counted", async (t) => {
  const admin = "spiffe://cluster.local/ns/outboard/sa/webhook";
  const tenant = "spiffe://cluster.local/ns/team/sa/core";
  const provider = testProvider({ getSecret: async () => bytes("v") });
  const allow = [core, `${admin};methods=Describe,ValidateStore`, `${tenant};namespaces=team,other`];
  const started = await start(t, { provider, allow });
  const refusals = (reason: string) =>
    counted(started.registry, `grpc_server_requests_refused_total{reason="${reason}"}`);

  const stranger = started.dial(await client("spiffe://cluster.local/ns/x/sa/y"));
  await t.rejects(get(stranger), {
    code: "PermissionDenied",
    message: /spiffe:\/\/cluster\.local\/ns\/x\/sa\/y may not call this provider/,
  });
  await t.rejects(
    ask((m, o, c) => stranger.health.check({ service: "" }, m, o, c)),
    { code: "PermissionDenied" },
  );
  t.equal(await refusals("identity"), 2);

  const webhook = started.dial(await client(admin));
  await ask((m, o, c) => webhook.provider.describe({}, m, o, c));
  t.match(await ask((m, o, c) => webhook.health.check({ service: "" }, m, o, c)), { status: ServingStatus.SERVING });
  await t.rejects(get(webhook), { code: "PermissionDenied", message: /may not call GetSecret/ });
  t.equal(await refusals("method"), 1);

  const limited = started.dial(await client(tenant));
  await get(limited);
  const foreign = toContext({ ...callContext, store: { ...callContext.store, namespace: "elsewhere" } });
  await t.rejects(
    ask((m, o, c) => limited.store.getSecret({ ...getRequest, context: foreign }, m, o, c)),
    {
      code: "PermissionDenied",
      message: /may not call for this namespace/,
    },
  );
  t.equal(await refusals("namespace"), 1);
});

t.test("Read answers in order, each read for itself", async (t) => {
  const started = await start(t, {
    provider: testProvider({
      getSecret: async ({ key }) => {
        if (key === "missing") throw new ProviderError("NoSecret", "not there");
        return bytes(key);
      },
      getSecretMap: async ({ key }) => new Map([[key, bytes("m")]]),
      getAllSecrets: async () => new Map([["f", bytes("f")]]),
    }),
  });
  const results = await read(started, [
    getItem("a"),
    { read: undefined },
    getItem("missing"),
    toReadItem({ op: "map", ref: { key: "b" } }),
    toReadItem({ op: "find", find: {} }),
  ]);
  t.match(results, [
    { value: bytes("a") },
    { error: { code: "Unsupported" } },
    { error: { code: "NoSecret", message: "not there" } },
    { values: new Map([["b", bytes("m")]]) },
    { values: new Map([["f", bytes("f")]]) },
  ]);
  t.equal(await counted(started.registry, 'grpc_server_requests_total{method="Read",code="OK"}'), 1);
  t.equal(
    (
      await read(
        started,
        Array.from({ length: 256 }, (_, index) => getItem(`k${index}`)),
      )
    ).length,
    256,
  );
  await t.rejects(
    read(
      started,
      Array.from({ length: 257 }, () => getItem("a")),
    ),
    { code: "TooLarge", message: /257 reads/ },
  );
});

t.test(
  "Read defers what is past its budget, always answers the first, and says what no response can hold",
  async (t) => {
    const sizes = new Map([
      ["big", 3 * mebibyte],
      ["huge", 6 * mebibyte],
      ["monster", 9 * mebibyte],
      ["small", 10],
    ]);
    let fetched = 0;
    const getSecret: SecretsClient["getSecret"] = async ({ key }) => {
      fetched += 1;
      return new Uint8Array(sizes.get(key) ?? 0);
    };
    const shape = (results: Awaited<ReturnType<typeof read>>) =>
      results.map((result) =>
        "value" in result ? result.value.length : "error" in result ? result.error.code : "deferred",
      );
    const single = await start(t, { provider: testProvider({ getSecret }) });
    const native = await start(t, {
      provider: testProvider({
        read: (reads, signal) =>
          Promise.all(
            reads.map(async (each) => ({
              value: await getSecret(each.op === "find" ? { key: "" } : each.ref, signal),
            })),
          ),
      }),
    });
    for (const started of [single, native]) {
      t.strictSame(shape(await read(started, ["big", "small", "big", "small"].map(getItem))), [
        3 * mebibyte,
        10,
        "deferred",
        10,
      ]);
      t.strictSame(shape(await read(started, ["huge", "small"].map(getItem))), [6 * mebibyte, "deferred"]);
      t.strictSame(shape(await read(started, ["monster", "small"].map(getItem))), ["TooLarge", 10]);
      t.strictSame(shape(await read(started, ["small", "monster"].map(getItem))), [10, "TooLarge"]);
    }
    fetched = 0;
    const many = shape(
      await read(
        single,
        Array.from({ length: 40 }, () => getItem("big")),
      ),
    );
    t.strictSame(many, [3 * mebibyte, ...Array.from({ length: 39 }, () => "deferred")]);
    t.ok(fetched < 20, `what cannot be answered is not fetched (${fetched})`);
  },
);

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
    ask((m, o, c) => store.pushSecret({ ...old, context, ...push }, m, o, c)),
    { code: "TooLarge" },
  );
});

t.test("Read stops before its deadline, and what is finished travels", async (t) => {
  // Legacy code that does not listen to signals.
  const { promise: hang, reject } = Promise.withResolvers<never>();
  const started = await start(t, {
    provider: testProvider({ getSecret: async ({ key }) => (key === "hangs" ? hang : bytes(key)) }),
  });
  const results = await read(started, ["a", "hangs", "b"].map(getItem), options(1_500));
  t.match(results, [{ value: bytes("a") }, { error: { code: "DeadlineExceeded" } }, { value: bytes("b") }]);
  const native = await start(t, { provider: testProvider({ read: () => hang }) });
  t.match(await read(native, [getItem("a")], options(1_500)), [{ error: { code: "DeadlineExceeded" } }]);
  reject(new Error("the end of the test"));
});

t.test("a provider whose read answers too few or fails gives errors, not wrong values", async (t) => {
  const few = await start(t, { provider: testProvider({ read: async () => [{ value: bytes("a") }] }) });
  t.match(await read(few, ["a", "b"].map(getItem)), [{ error: { code: "Internal" } }, { error: { code: "Internal" } }]);
  const failing = await start(t, {
    provider: testProvider({
      read: async () => {
        throw new ProviderError("Unavailable", "down");
      },
    }),
  });
  t.match(await read(failing, ["a", "b"].map(getItem)), [
    { error: { code: "Unavailable" } },
    { error: { code: "Unavailable" } },
  ]);
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
  await until(() => waiting === 2);
  await t.rejects(get(started), { code: "RateLimited", retryAfter: Number });
  resolve(bytes("v"));
  await Promise.all(first);
  t.ok(await get(started));
});

t.test("health: Check and Watch tell SERVING, then NOT_SERVING before the port closes", async (t) => {
  const { promise, resolve } = Promise.withResolvers<Uint8Array>();
  let inFlight = 0;
  const started = await start(t, {
    provider: testProvider({
      getSecret: () => {
        inFlight += 1;
        return promise;
      },
    }),
  });
  const check = (service: string) => ask((m, o, c) => started.health.check({ service }, m, o, c));
  for (const service of ["", "provider.v1.SecretStoreProvider", "outboard.v1.Provider"]) {
    t.match(await check(service), { status: ServingStatus.SERVING }, service);
  }
  await t.rejects(check("other.Service"), { code: "NoSecret" });
  t.strictSame(started.server.ready(), []);

  const told: number[] = [];
  const watch = started.health.watch({ service: "" });
  watch.on("data", ({ status }: { status: number }) => told.push(status));
  const watchEnded = new Promise<void>((done) => watch.once("end", done));
  const unknown: number[] = [];
  const watchUnknown = started.health.watch({ service: "other" });
  watchUnknown.on("data", ({ status }: { status: number }) => unknown.push(status));
  const unknownEnded = new Promise<void>((done) => watchUnknown.once("end", done));
  await until(() => told.length === 1 && unknown.length === 1);

  const call = get(started);
  await until(() => inFlight === 1);
  const drained = started.server.drain(60_000);
  t.match(started.server.ready(), [/shutting down/]);
  await Promise.all([watchEnded, unknownEnded]);
  t.strictSame(told, [ServingStatus.SERVING, ServingStatus.NOT_SERVING]);
  t.strictSame(unknown, [ServingStatus.SERVICE_UNKNOWN]);
  // Longer than clients get to close: a drain that did not wait for the call would be over.
  await new Promise((done) => setTimeout(done, 1_200));
  resolve(bytes("late"));
  t.equal(Buffer.from((await call).value).toString(), "late", "what was in flight is answered");
  t.equal(await drained, true);
  await t.rejects(get(started.dial(corePair)), { code: "Unavailable" }, "the port is closed");
});

t.test("a drain that takes too long cuts calls off, and their signals abort", async (t) => {
  let signal: AbortSignal | undefined;
  const started = await start(t, {
    provider: testProvider({
      getSecret: (_ref, given) => {
        signal = given;
        return new Promise(() => {});
      },
    }),
  });
  const call = get(started).catch((error: unknown) => error);
  await until(() => signal !== undefined);
  t.equal(await started.server.drain(50), false);
  t.match(await call, { name: "ProviderError" });
  await until(() => signal?.aborted === true);
});

t.test("a stranger cannot watch health", async (t) => {
  const started = await start(t, { provider: testProvider({}) });
  const { health } = started.dial(await client("spiffe://stranger"));
  const { promise, resolve } = Promise.withResolvers<ServiceError>();
  health.watch({ service: "" }).once("error", resolve);
  t.equal(fromStatus(await promise).code, "PermissionDenied");
});

t.test("--allow-client is parsed strictly", async (t) => {
  t.strictSame(parseAllowClient(core), { uri: core });
  t.strictSame(parseAllowClient(`${core};methods=Read,Describe;namespaces=a,b-1`), {
    uri: core,
    methods: ["Read", "Describe"],
    namespaces: ["a", "b-1"],
  });
  const wrong: readonly [string, RegExp][] = [
    ["", /starts with the URI/],
    ["core", /starts with the URI/],
    ["spiffe://a b", /starts with the URI/],
    [`${core};methods=Reed`, /methods= takes names out of GetSecret, /],
    [`${core};methods=`, /methods= takes names/],
    [`${core};namespaces=A`, /namespaces= takes names of namespaces/],
    [`${core};namespaces=`, /namespaces= takes names of namespaces/],
    [`${core};methods=Read;methods=Describe`, /each once/],
    [`${core};method=Read`, /after the URI there may be/],
    [`${core};`, /after the URI there may be/],
  ];
  for (const [text, message] of wrong) t.throws(() => parseAllowClient(text), { name: "UsageError", message }, text);
});
