import { Metadata } from "@grpc/grpc-js";
import t from "tap";
import type { Credential } from "../api/credential.ts";
import { errorTable, ProviderError, type Code } from "../api/errors.ts";
import type { Find, Read, ReadResult, RemoteRef } from "../api/provider.ts";
import { encodeSpec, fromContext, toContext, type CallContext } from "./context.ts";
import {
  fromCapabilities,
  fromDescribeResponse,
  toCapabilities,
  toDescribeResponse,
  type Description,
} from "./describe.ts";
import * as context from "./gen/outboard/v1/context.ts";
import * as provider from "./gen/outboard/v1/provider.ts";
import { ErrorInfo, Status } from "./gen/google/rpc/status.ts";
import * as store from "./gen/provider/v1/secretstore.ts";
import { fromPush, fromPushRemoteRef, toPush } from "./push.ts";
import {
  fromDataRemoteRef,
  fromExternalSecretFind,
  fromReadItem,
  fromReadOutcome,
  toDataRemoteRef,
  toExternalSecretFind,
  toReadItem,
  toReadOutcome,
} from "./reads.ts";
import { fromStatus, toStatus } from "./status.ts";

/** A message as it arrives: encoded and decoded again. */
function sent<T>(message: { encode(message: T): { finish(): Uint8Array }; decode(bytes: Uint8Array): T }, value: T): T {
  return message.decode(message.encode(value).finish());
}

const codes = Object.keys(errorTable) as readonly Code[];
const bytes = (text: string) => new TextEncoder().encode(text);
/** Plain data, for comparing what came out of Buffers with what went in. */
const plain = (value: unknown): unknown => {
  if (value instanceof Uint8Array) return [...value];
  if (value instanceof Map) return [...value].map(([key, item]) => [key, plain(item)]);
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof ProviderError) return { code: value.code, message: value.message, retryAfter: value.retryAfter };
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
};

t.test(
  "each code travels as its status with ErrorInfo, and as the bare status of a peer without details",
  async (t) => {
    t.equal(new Set(codes.map((code) => errorTable[code].status)).size, codes.length, "one status for each code");
    for (const code of codes) {
      const status = toStatus(
        new ProviderError(code, `message of ${code}`, { cause: new Error("inner"), retryAfter: 1_250 }),
      );
      t.equal(status.code, errorTable[code].status, `${code}: status`);
      t.strictSame(plain(fromStatus(status)), { code, message: `message of ${code}`, retryAfter: 1_250 }, code);
      const bare = fromStatus({ code: status.code, details: "old peer", metadata: new Metadata() });
      t.strictSame(plain(bare), { code, message: "old peer", retryAfter: undefined }, `${code}: status only`);
      t.notMatch(Buffer.concat(status.metadata.get("grpc-status-details-bin") as Buffer[]).toString("latin1"), "inner");
    }
    t.equal(fromStatus(toStatus(new ProviderError("NoSecret", "x"))).retryAfter, undefined);
  },
);

t.test("statuses that no code of ours is sent as", async (t) => {
  const cases: readonly [number, string, Code][] = [
    [2, "some Go error", "Internal"],
    [6, "there is one", "Conflict"],
    [15, "lost", "Internal"],
    [99, "what", "Internal"],
    [8, "Received message larger than max (9 vs. 8)", "TooLarge"],
    [8, "grpc: received message larger than max (9 vs. 8)", "TooLarge"],
    [13, "Received RST_STREAM with code 0", "Unavailable"],
  ];
  for (const [code, details, expected] of cases) {
    t.equal(fromStatus({ code, details, metadata: new Metadata() }).code, expected, `${code} ${details}`);
  }
});

const withDetails = (value: Buffer) => {
  const metadata = new Metadata();
  metadata.set("grpc-status-details-bin", value);
  return fromStatus({ code: 5, details: "x", metadata }).code;
};

const infoBytes = (domain: string, reason: string) => {
  const value = Buffer.from(ErrorInfo.encode({ reason, domain, metadata: new Map() }).finish());
  const details = [{ typeUrl: "type.googleapis.com/google.rpc.ErrorInfo", value }];
  return Buffer.from(Status.encode({ code: 5, message: "x", details }).finish());
};

t.test("details that are not ours or not readable are as if they were not there", async (t) => {
  t.equal(withDetails(Buffer.from("\xff\xff\xff garbage", "latin1")), "NoSecret");
  t.equal(withDetails(Buffer.alloc(0)), "NoSecret");
  t.equal(withDetails(infoBytes("googleapis.com", "Conflict")), "NoSecret");
  t.equal(withDetails(infoBytes("outboard", "Conflict")), "Conflict");
  t.equal(withDetails(infoBytes("outboard", "OfANewerPeer")), "Internal");
  t.equal(withDetails(infoBytes("outboard", "toString")), "Internal");
});

t.test("a message that trailers cannot hold is cut, and not within a character", async (t) => {
  const long = `${"x".repeat(2047)}🔑${"y".repeat(100_000)}`;
  const { details } = toStatus(new ProviderError("Internal", long));
  t.equal(details.length, 2049);
  t.ok(details.isWellFormed() && details.endsWith("…"));
  t.equal(fromStatus({ code: 2, details: long, metadata: new Metadata() }).message.length, 2049, "of a peer as well");
});

const identity = {
  apiVersion: "external-secrets.io/v1",
  kind: "ClusterSecretStore",
  namespace: "",
  name: "s",
  uid: "u",
  generation: 3,
};

t.test("a context arrives as it was sent", async (t) => {
  const credentials: readonly Credential[] = [
    {
      path: "/provider/vault/auth/tokenSecretRef",
      kind: "Secret",
      namespace: "a",
      name: "b",
      keys: new Map([
        ["__proto__", bytes("x")],
        ["token", new Uint8Array([0, 255])],
      ]),
    },
    { path: "/p", kind: "Secret", namespace: "a", name: "empty", keys: new Map() },
    {
      path: "/q",
      kind: "ServiceAccount",
      namespace: "a",
      name: "sa",
      token: {
        token: "t",
        expiresAt: 1_800_000_000_000,
        serviceAccountUid: "u",
        audiences: ["x", "y"],
        annotations: new Map([["k", "v"]]),
      },
    },
    {
      path: "/r",
      kind: "ConfigMap",
      namespace: "a",
      name: "c",
      error: { code: "InvalidConfig", message: "no such key" },
    },
  ];
  const call: CallContext = {
    store: identity,
    spec: encodeSpec({ provider: { vault: { server: "https://ü" } } }),
    callerNamespace: "team",
    credentials,
    digest: "00ff10",
    ambient: true,
  };
  t.strictSame(plain(fromContext(sent(context.Context, toContext(call)))), plain(call));
  t.equal(fromContext(sent(context.Context, toContext({ ...call, digest: "" }))).digest, "");
});

t.test("a request without context, or with a credential of unknown kind, is InvalidConfig", async (t) => {
  t.throws(() => fromContext(undefined), { code: "InvalidConfig", message: /no context.*needs Outboard's core/ });
  const empty = {
    store: undefined,
    caller: undefined,
    spec: new Uint8Array(),
    ambient: false,
    credentials: [],
    digest: new Uint8Array(),
  };
  t.throws(() => fromContext(empty), { code: "InvalidConfig" });
  const odd = { path: "/x", kind: "Pod", namespace: "", name: "", keys: new Map(), token: undefined, error: undefined };
  t.throws(() => fromContext({ ...empty, store: identity, credentials: [odd] }), {
    code: "InvalidConfig",
    message: /credential of unknown kind at "\/x"/,
  });
});

const fullRef: RemoteRef = {
  key: "k",
  property: "a.b",
  version: "2",
  metadataPolicy: "Fetch",
  decodingStrategy: "Base64URL",
  conversionStrategy: "Unicode",
};

t.test("reads arrive as they were sent", async (t) => {
  const reads: readonly Read[] = [
    { op: "get", ref: { key: "" } },
    { op: "get", ref: fullRef },
    { op: "map", ref: { key: "k" } },
    { op: "find", find: {} },
    { op: "find", find: { path: "", name: {} } },
    {
      op: "find",
      find: {
        name: { regexp: "^a" },
        path: "p",
        tags: { a: "b" },
        conversionStrategy: "Default",
        decodingStrategy: "Auto",
      },
    },
  ];
  for (const read of reads) t.strictSame(fromReadItem(sent(provider.ReadItem, toReadItem(read))), read);
  const tags = JSON.parse('{"__proto__": "x"}') as Record<string, string>;
  const back = fromReadItem(sent(provider.ReadItem, toReadItem({ op: "find", find: { tags } })));
  t.equal(JSON.stringify(back), '{"op":"find","find":{"tags":{"__proto__":"x"}}}', "no key is special");
  t.throws(() => fromReadItem({ read: undefined }), { code: "Unsupported" });
  const wrong = toReadItem({ op: "get", ref: fullRef });
  if (wrong.read?.$case === "get") wrong.read.value.decodingStrategy = "Rot13";
  t.throws(() => fromReadItem(wrong), {
    code: "InvalidConfig",
    message: /decodingStrategy "Rot13" is not one of Auto/,
  });
});

t.test("what reads gave arrives as it was sent", async (t) => {
  const results: readonly ReadResult[] = [
    { value: new Uint8Array() },
    { value: new Uint8Array([0, 255, 128]) },
    { values: new Map() },
    { values: new Map([["__proto__", bytes("v")]]) },
    { error: new ProviderError("NoSecret", "not there") },
    { error: new ProviderError("RateLimited", "slow down", { retryAfter: 1500 }) },
    { deferred: true },
  ];
  for (const result of results) {
    t.strictSame(plain(fromReadOutcome(sent(provider.ReadOutcome, toReadOutcome(result)))), plain(result));
  }
});

t.test("provider.v1 carries what it has fields for", async (t) => {
  const { conversionStrategy, ...withoutConversion } = fullRef;
  t.equal(conversionStrategy, "Unicode");
  const ref = sent(store.ExternalSecretDataRemoteRef, toDataRemoteRef(fullRef));
  t.strictSame(fromDataRemoteRef(ref), withoutConversion);
  const finds: readonly [Find, Find][] = [
    [{}, {}],
    [{ path: "" }, {}],
    [
      { name: { regexp: "a" }, path: "p", tags: { t: "u" }, decodingStrategy: "None" },
      { name: { regexp: "a" }, path: "p", tags: { t: "u" }, decodingStrategy: "None" },
    ],
  ];
  for (const [find, expected] of finds) {
    t.strictSame(fromExternalSecretFind(sent(store.ExternalSecretFind, toExternalSecretFind(find))), expected);
  }
  for (const missing of [
    () => fromDataRemoteRef(undefined),
    () => fromExternalSecretFind(undefined),
    () => fromPushRemoteRef(undefined),
  ]) {
    t.throws(missing, { code: "InvalidConfig", message: /the request has no/ });
  }
});

t.test("a push arrives as it was sent, and metadata only when there was any", async (t) => {
  const source = {
    data: new Map([["__proto__", new Uint8Array([0, 1])]]),
    type: "Opaque",
    labels: { a: "b" },
    annotations: { c: "d" },
  };
  const request = (data: Parameters<typeof toPush>[1]) =>
    sent(store.PushSecretRequest, {
      providerRef: undefined,
      sourceNamespace: "",
      compatibilityStore: undefined,
      context: undefined,
      ...toPush(source, data),
    });
  const data = { secretKey: "", remoteKey: "r", property: "p", metadata: bytes("{}") };
  t.strictSame(plain(fromPush(request(data))), plain({ source, data }));
  const bare = { secretKey: "k", remoteKey: "r", property: "" };
  t.strictSame(plain(fromPush(request(bare))), plain({ source, data: bare }));
  t.throws(() => fromPush({ ...toPush(source, bare), pushSecretData: undefined }), { code: "InvalidConfig" });
});

t.test(
  "a description arrives as it was sent; what a newer peer adds is left out; another revision is none",
  async (t) => {
    const description: Description = {
      name: "vault",
      version: "0.1.0",
      keys: [
        {
          key: "vault",
          operations: ["get", "find"],
          references: [
            { path: "/auth/tokenSecretRef", kind: "Secret" },
            { path: "/caProvider", kind: "CAProvider", defaultKey: "ca.crt" },
            { path: "/sa", kind: "ServiceAccount", audiences: ["vault"], apiServerToken: true },
          ],
          sharesClients: true,
        },
      ],
      kinds: [
        {
          group: "provider.external-secrets.io",
          version: "v2alpha1",
          kind: "Vault",
          operations: ["get", "push"],
          references: [{ path: "/auth/tokenSecretRef", kind: "Secret" }],
        },
      ],
      trustBundleDigest: bytes("0123"),
      leafSerial: "AB",
    };
    const response = sent(provider.DescribeResponse, toDescribeResponse(description));
    t.strictSame(plain(fromDescribeResponse(response)), plain(description));
    t.match(response.limits, { maxReads: 256, maxRequestBytes: 4_194_304, maxResponseBytes: 8_388_608 });
    for (const served of [...response.keys, ...response.kinds]) {
      served.operations.push("teleport");
      served.references.push({ path: "/pod", kind: "Pod", defaultKey: "", audiences: [], apiServerToken: false });
    }
    t.strictSame(plain(fromDescribeResponse(response)), plain(description));
    t.equal(fromDescribeResponse({ ...response, protocolMin: 2, protocolMax: 3 }), undefined);
    t.equal(fromDescribeResponse({ ...response, protocolMin: 0, protocolMax: 0 }), undefined);
    t.ok(fromDescribeResponse({ ...response, protocolMin: 1, protocolMax: 9 }));
  },
);

t.test("capabilities travel as ESO's three, and what is unknown is ReadOnly", async (t) => {
  for (const capabilities of ["ReadOnly", "WriteOnly", "ReadWrite"] as const) {
    t.equal(fromCapabilities(toCapabilities(capabilities)), capabilities);
  }
  t.equal(fromCapabilities(-1), "ReadOnly");
});
