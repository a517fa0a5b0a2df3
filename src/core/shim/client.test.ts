import { Metadata, status } from "@grpc/grpc-js";
import t from "tap";
import { withinDeadline } from "../../api/deadline.ts";
import { errorTable, ProviderError, type Code } from "../../api/errors.ts";
import type { Read, SecretsClient } from "../../api/provider.ts";
import { Validation } from "../../wire/gen/outboard/v1/context.ts";
import type { ReadOutcome } from "../../wire/gen/outboard/v1/provider.ts";
import { credential, failure, info, never, setUp } from "../../../test/shim-fixture.ts";
import { vaultStore } from "../../../test/core-store.ts";

const bytes = (text: string) => Buffer.from(text);

t.test("the other operations reach the peer", async (t) => {
  const seen = new Map<string, unknown>();
  const note = <T>(name: string, request: unknown, answer: T) => (seen.set(name, request), answer);
  const secrets = new Map([
    ["__proto__", bytes("1")],
    ["b", bytes("2")],
  ]);
  const { connect, provider, store } = await setUp(t, {
    getSecretMap: (request) => note("map", request, { secrets, info }),
    getAllSecrets: (request) => note("find", request, { secrets, info }),
    pushSecret: (request) => note("push", request, { info }),
    deleteSecret: (request) => note("delete", request, { info }),
    secretExists: (request) => note("exists", request, { exists: true, info }),
    validate: () => ({
      valid: true,
      error: "",
      warnings: [],
      info: { ...info, validation: Validation.VALIDATION_UNKNOWN },
    }),
    validateStore: ({ context }) => note("validateStore", context, { warnings: ["w\n"], errors: ["e"] }),
  });
  const client = await connect();
  t.strictSame([...(await client.getSecretMap({ key: "k" }, never)).keys()], ["__proto__", "b"]);
  t.equal((await client.getAllSecrets({ name: { regexp: "a.*" }, path: "p" }, never)).size, 2);
  t.match(seen.get("find"), { find: { path: "p", name: { regexp: "a.*" } } });
  const source = { data: new Map([["a", bytes("1")]]), type: "Opaque", labels: { l: "1" }, annotations: {} };
  await client.pushSecret(source, { secretKey: "a", remoteKey: "r", property: "p" }, never);
  t.match(seen.get("push"), {
    secretType: "Opaque",
    pushSecretData: { secretKey: "a", remoteKey: "r", property: "p" },
  });
  await client.deleteSecret({ remoteKey: "r", property: "" }, never);
  t.match(seen.get("delete"), { remoteRef: { remoteKey: "r" } });
  t.equal(await client.secretExists({ remoteKey: "r", property: "" }, never), true);
  t.equal(await client.validate(never), "Unknown");
  t.strictSame(await provider.capabilities(never), ["get", "find"]);
  t.strictSame(await provider.validateStore(store, never), { warnings: [String.raw`w\n`], errors: ["e"] });
  t.match(seen.get("validateStore"), { store: { name: "main" }, credentials: [] });
});

const gets = (count: number): Read[] =>
  Array.from({ length: count }, (_, index) => ({ op: "get", ref: { key: `${index}` } }));
const value = (text: string): ReadOutcome => ({ outcome: { $case: "value", value: bytes(text) } });
const nothing: ReadOutcome = { outcome: undefined };
const read = (client: SecretsClient, reads: readonly Read[]) =>
  client.read?.(reads, never) ?? Promise.reject(new Error("no read"));

t.test("Read is one call whose answers keep their order; deferred ones are the caller's to ask again", async (t) => {
  const { connect, peer } = await setUp(t, {
    read: ({ reads }) => {
      const refused = { code: "RateLimited", message: "slow\u0007 down", retryAfterMs: 10 * 3_600_000 };
      const outcomes: ReadOutcome[] = [value("one"), { outcome: { $case: "error", value: refused } }, nothing];
      t.equal(reads.length, 3);
      return { outcomes, info };
    },
  });
  const results = await read(await connect(), gets(3));
  t.match(results, [
    { value: bytes("one") },
    { error: { code: "RateLimited", message: String.raw`slow\x07 down`, retryAfter: 900_000 } },
    { deferred: true },
  ]);
  t.equal(peer.calls.get("read"), 1);
});

t.test("a Read that answers nonsense is Internal", async (t) => {
  const cases: readonly [string, readonly ReadOutcome[], RegExp][] = [
    ["nothing at all", [nothing, nothing], /answers none/],
    ["too few", [value("a")], /1 results for 2 reads/],
    ["too many", [value("a"), value("b"), value("c")], /3 results for 2 reads/],
    [
      "a map for a value",
      [value("a"), { outcome: { $case: "values", value: { secrets: new Map() } } }],
      /another kind than read 1/,
    ],
  ];
  for (const [name, outcomes, message] of cases) {
    const { connect } = await setUp(t, { read: () => ({ outcomes: [...outcomes], info }) });
    t.match(await failure(read(await connect(), gets(2))), { code: "Internal", message }, name);
  }
  const garbage = await setUp(t, {
    read: () => Buffer.from("ffffffff0a", "hex"),
    getSecret: () => bytes("hunter2-hunter2"),
  });
  const client = await garbage.connect();
  for (const error of [await failure(read(client, gets(1))), await failure(client.getSecret({ key: "k" }, never))]) {
    t.match(error, { code: "Internal", message: /cannot be read/ }, "bytes that are no message");
    t.notMatch(error.message, "hunter2");
  }
});

t.test("every code arrives as it was sent, by ErrorInfo and by status alone", async (t) => {
  let thrown: unknown;
  const store = vaultStore({ auth: { tokenSecretRef: { name: "creds" } } });
  const { connect } = await setUp(t, { getSecret: () => Promise.reject(thrown) }, { store });
  const client = await connect();
  const get = () => failure(client.getSecret({ key: "k" }, never));
  for (const code of Object.keys(errorTable) as Code[]) {
    thrown = new ProviderError(code, `said ${code}`, code === "RateLimited" ? { retryAfter: 3_600_000 } : {});
    t.match(
      await get(),
      { code, message: `said ${code}`, retryAfter: code === "RateLimited" ? 900_000 : undefined },
      code,
    );
    thrown = { code: errorTable[code].status, details: "words of a Go provider", metadata: new Metadata() };
    t.match(await get(), { code, message: "words of a Go provider" }, `${code} without details`);
  }
  thrown = { code: status.UNKNOWN, details: "words", metadata: new Metadata() };
  t.match(await get(), { code: "Internal", message: "words" });
  thrown = new ProviderError("Unauthenticated", `token ${credential} refused\u001b[31m\n`);
  t.match(await get(), { code: "Unauthenticated", message: String.raw`token [hidden] refused\x1b[31m\n` });
});

t.test("the deadline and a cancel reach the peer", async (t) => {
  const { promise: cancelled, resolve } = Promise.withResolvers<void>();
  const deadlines: unknown[] = [];
  const { connect, registry } = await setUp(t, {
    getSecret: (_request, call) => {
      deadlines.push(call.getDeadline());
      return new Promise(() => call.on("cancelled", resolve));
    },
  });
  const client = await connect();
  const controller = new AbortController();
  const call = failure(client.getSecret({ key: "k" }, controller.signal));
  await t.resolves(
    new Promise<void>((done) => {
      const poll = setInterval(() => deadlines.length > 0 && (clearInterval(poll), done()), 5);
    }),
  );
  controller.abort();
  t.match(await call, { code: "Cancelled" });
  await cancelled;
  t.ok(Math.abs(Number(deadlines[0]) - Date.now() - 30_000) < 20_000, "30 s where the caller set none");

  const late = withinDeadline(never, 200, (signal) => client.getSecret({ key: "k" }, signal));
  t.match(await failure(late), { code: "DeadlineExceeded" });
  t.ok(Number(deadlines[1]) - Date.now() < 20_000, "the caller's own where it set one");
  t.match(await failure(client.getSecret({ key: "k" }, AbortSignal.abort())), { code: "Cancelled" });
  t.equal(deadlines.length, 2, "what is aborted already is not sent");
  const text = await registry.metrics();
  t.match(text, 'grpc_client_requests_total{method="GetSecret",target="provider-vault.system.svc",code="Cancelled"} 2');
  t.match(
    text,
    'grpc_client_requests_total{method="GetSecret",target="provider-vault.system.svc",code="DeadlineExceeded"} 1',
  );
  t.match(text, 'grpc_client_requests_total{method="Describe",target="provider-vault.system.svc",code="OK"} 1');
  t.match(text, 'grpc_pool_connections{target="provider-vault.system.svc",state="ready"} 1');
});

t.test("what is larger than the wire allows is TooLarge, and the connection goes on", async (t) => {
  const size = { answer: 8 * 1024 * 1024 };
  const { connect } = await setUp(t, { getSecret: () => ({ value: Buffer.alloc(size.answer), info }) });
  const client = await connect();
  t.match(await failure(client.getSecret({ key: "k" }, never)), { code: "TooLarge" }, "an answer over 8 MiB");
  t.match(
    await failure(client.getSecret({ key: "k".repeat(4 * 1024 * 1024) }, never)),
    { code: "TooLarge" },
    "a request over 4 MiB",
  );
  size.answer = 7 * 1024 * 1024;
  t.equal((await client.getSecret({ key: "k" }, never)).length, size.answer);
});

t.test("a peer that could not find out is told from one that says no", async (t) => {
  const no = { valid: false, error: "no\u001bway", warnings: [] };
  const unsure = await setUp(t, {
    validate: () => ({ ...no, info: { ...info, validation: Validation.VALIDATION_UNKNOWN } }),
  });
  const result = await (await unsure.connect()).validate(never);
  t.match(result, { undetermined: { message: String.raw`no\x1bway` } });
  const sure = await setUp(t, { validate: () => ({ ...no, info }) });
  await t.rejects((await sure.connect()).validate(never), { code: "InvalidConfig", message: String.raw`no\x1bway` });
});
