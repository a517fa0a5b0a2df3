import { test } from "tap";
import { ProviderError } from "./errors.ts";
import type { Read, ReadResult, RemoteRef, SecretsClient } from "./provider.ts";
import { readAll, readDeadline, type SettledRead } from "./read-all.ts";

const never = new AbortController().signal;
const bytes = (text: string) => new TextEncoder().encode(text);
const gets = (count: number): Read[] => Array.from({ length: count }, (_, i) => ({ op: "get", ref: { key: `k${i}` } }));
const keyOf = (read: Read) => (read.op === "find" ? "find" : read.ref.key);
const texts = (settled: readonly SettledRead[]) =>
  settled.map((read) => ("value" in read ? new TextDecoder().decode(read.value) : read));
const codes = (settled: readonly SettledRead[]) => settled.map((read) => ("error" in read ? read.error.code : "ok"));

const hanging = () => Promise.withResolvers<never>().promise;
const unexpected = () => Promise.reject(new Error("unexpected call"));

/** A client of which only the given methods are called; any other call fails. */
function client(methods: Partial<SecretsClient>): SecretsClient {
  return {
    getSecret: unexpected,
    getSecretMap: unexpected,
    getAllSecrets: unexpected,
    pushSecret: unexpected,
    deleteSecret: unexpected,
    secretExists: unexpected,
    validate: unexpected,
    close: unexpected,
    ...methods,
  };
}

/** A client with `read`, and what it was asked, call by call. */
function batching(answer: (read: Read, position: number, call: number) => ReadResult) {
  const calls: string[][] = [];
  const read = async (reads: readonly Read[]) => {
    calls.push(reads.map(keyOf));
    return reads.map((one, position) => answer(one, position, calls.length));
  };
  return { calls, client: client({ read }) };
}

test("a client's own read is taken, 256 at a time, and answers in order", async (t) => {
  const { calls, client: reader } = batching((read) => ({ value: bytes(keyOf(read)) }));
  const reads = gets(600);
  t.strictSame(texts(await readAll(reader, reads, never)), reads.map(keyOf));
  t.strictSame(
    calls.map(({ length }) => length),
    [256, 256, 88],
  );
  t.strictSame(await readAll(reader, [], never), []);
  t.equal(calls.length, 3, "nothing to read is no call");
});

test("deferred reads are asked again until all are answered", async (t) => {
  const { calls, client: reader } = batching((read, position) =>
    position < 2 ? { value: bytes(keyOf(read)) } : { deferred: true },
  );
  t.strictSame(texts(await readAll(reader, gets(5), never)), ["k0", "k1", "k2", "k3", "k4"]);
  t.strictSame(calls, [["k0", "k1", "k2", "k3", "k4"], ["k2", "k3", "k4"], ["k4"]]);
});

test("what is deferred is asked before what was not asked yet", async (t) => {
  const { calls, client: reader } = batching((read, position, call) =>
    call === 1 && position > 0 ? { deferred: true } : { value: bytes(keyOf(read)) },
  );
  t.strictSame(texts(await readAll(reader, gets(300), never)), gets(300).map(keyOf));
  t.equal(calls[1]?.[0], "k1");
  t.equal(calls[1]?.length, 256, "with new ones to fill the call");
  t.equal(calls[2]?.length, 43);
});

test("a round that answers nothing ends in Internal, for its reads alone", async (t) => {
  const { calls, client: reader } = batching((read) =>
    Number(keyOf(read).slice(1)) < 256 ? { deferred: true } : { value: bytes("v") },
  );
  const settled = await readAll(reader, gets(260), never);
  t.strictSame(codes(settled), [...Array<string>(256).fill("Internal"), "ok", "ok", "ok", "ok"]);
  t.equal(calls.length, 2);
  const silent = client({ read: async () => [] });
  t.strictSame(codes(await readAll(silent, gets(2), never)), ["Internal", "Internal"]);
});

test("an error has its place among the results", async (t) => {
  const { client: reader } = batching((_, position) =>
    position === 1 ? { error: new ProviderError("NoSecret", "none") } : { values: new Map([["k", bytes("v")]]) },
  );
  t.strictSame(codes(await readAll(reader, gets(3), never)), ["ok", "NoSecret", "ok"]);
  const failing = client({ read: () => Promise.reject(new ProviderError("Unavailable", "gone")) });
  t.strictSame(codes(await readAll(failing, gets(2), never)), ["Unavailable", "Unavailable"], "the whole call failed");
});

test("without read each one is a call of its own, eight at a time, in order", async (t) => {
  let inFlight = 0;
  let most = 0;
  const reader = client({
    getSecret: async ({ key }: RemoteRef) => {
      inFlight += 1;
      most = Math.max(most, inFlight);
      // The later ones of a group end first.
      for (let turn = 8 - (Number(key.slice(1)) % 8); turn > 0; turn -= 1) await Promise.resolve();
      inFlight -= 1;
      if (key === "k3") throw new ProviderError("NoSecret", "none");
      if (key === "k4") throw new TypeError("a parser's text");
      return bytes(key);
    },
  });
  const settled = await readAll(reader, gets(20), never);
  t.equal(most, 8);
  t.strictSame(codes(settled).slice(0, 6), ["ok", "ok", "ok", "NoSecret", "Internal", "ok"]);
  t.strictSame(texts(settled).slice(5), gets(20).slice(5).map(keyOf));
});

test("each kind of read calls its own method", async (t) => {
  const map = (key: string) => new Map([[key, bytes("v")]]);
  const reader = client({
    getSecret: async ({ key }) => bytes(key),
    getSecretMap: async ({ key }) => map(key),
    getAllSecrets: async ({ path }) => map(path ?? ""),
  });
  const reads: Read[] = [
    { op: "find", find: { path: "p" } },
    { op: "map", ref: { key: "m" } },
    { op: "get", ref: { key: "g" } },
  ];
  t.strictSame(await readAll(reader, reads, never), [
    { values: map("p") },
    { values: map("m") },
    { value: bytes("g") },
  ]);
});

test("a signal ends the wait for a client that does not heed it; what is finished stays", async (t) => {
  const controller = new AbortController();
  const asked: string[] = [];
  const reader = client({
    getSecret: ({ key }) => {
      asked.push(key);
      if (asked.length === 12) controller.abort();
      return Number(key.slice(1)) < 4 ? Promise.resolve(bytes(key)) : hanging();
    },
  });
  const settled = await readAll(reader, gets(30), controller.signal);
  t.strictSame(codes(settled), [...Array<string>(4).fill("ok"), ...Array<string>(26).fill("Cancelled")]);
  t.equal(asked.length, 12, "nothing is asked after it");

  const late = new AbortController();
  const settling = readAll(client({ read: hanging }), gets(2), late.signal);
  late.abort(new DOMException("late", "TimeoutError"));
  t.strictSame(codes(await settling), ["DeadlineExceeded", "DeadlineExceeded"]);
  t.strictSame(codes(await readAll(client({}), gets(1), late.signal)), ["DeadlineExceeded"], "aborted before the call");
});

test("a search has more time", (t) => {
  t.equal(readDeadline(gets(3)), 30_000);
  t.equal(readDeadline([...gets(3), { op: "find", find: {} }]), 120_000);
  t.end();
});
