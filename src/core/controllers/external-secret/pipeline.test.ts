import { test } from "tap";
import { dataOf, externalSecret } from "../../../../test/external-secret-object.ts";
import { ProviderError } from "../../../api/errors.ts";
import type { ExternalSecretSpec } from "../../../api/kinds/external-secret.ts";
import { assemble, type SourceResult } from "./pipeline.ts";
import { sourcesOf, storesOf } from "./reads.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (value: Uint8Array | undefined) => value && new TextDecoder().decode(value);

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
  const sources = sourcesOf(externalSecret(spec));
  t.strictSame(
    sources.map(({ from, index, store, read }) => [from, index, store.kind, store.namespace, store.name, read.op]),
    [
      ["extract", 0, "SecretStore", "team", "main", "map"],
      ["find", 1, "ClusterSecretStore", "", "other", "find"],
      ["data", 0, "SecretStore", "team", "main", "get"],
    ],
  );
  t.strictSame(
    storesOf(externalSecret(spec)).map(({ name }) => name),
    ["main", "other"],
  );
  t.end();
});

test("results become data, later ones override", (t) => {
  const results: SourceResult[] = [
    { values: dataOf({ "a/b": "1", one: "extract", "": "dropped" }) },
    { values: dataOf({ a_b: "2" }) },
    { value: bytes(Buffer.from("data").toString("base64")) },
  ];
  const data = assemble(sourcesOf(externalSecret(spec)), results);
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
  const ok = { values: dataOf({ fine: "1" }) };
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
      [{ values: dataOf({ "a/b": "1", "a:b": "2" }) }, ok, one],
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
      [{ values: dataOf({ ["k".repeat(254)]: "1" }) }, ok, one],
      "invalid secret keys (TIP: use rewrite or conversionStrategy to change keys): key has length 254",
      "InvalidConfig",
    ],
    [
      "NUL",
      { dataFrom: [{ extract: { key: "k", nullBytePolicy: "Fail" } }] },
      [{ values: dataOf({ bin: "a\0b" }) }],
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
    t.throws(() => assemble(sourcesOf(externalSecret(given)), results), { message, code }, what);
  }
  const slow = new ProviderError("RateLimited", "slow down", { retryAfter: 5_000 });
  try {
    assemble(sourcesOf(externalSecret(spec)), [ok, { error: slow }, one]);
    t.fail("it must throw");
  } catch (error) {
    t.match(error, { code: "RateLimited", retryAfter: 5_000 }, "how long to wait is kept");
  }
  t.end();
});
