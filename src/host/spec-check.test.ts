import { test } from "tap";
import { Type } from "typebox";
import { ProviderError } from "../api/errors.ts";
import type { Provider } from "../api/provider.ts";
import { secretRef, unbuilt } from "../api/schema.ts";
import type { HostCall } from "./call.ts";
import type { ProviderDefinition } from "./definition.ts";
import { SpecCache } from "./spec-cache.ts";
import { checkSpec, parseSpec } from "./spec-check.ts";

const schema = Type.Object({
  server: Type.String(),
  mode: Type.Optional(Type.String({ default: "fast" })),
  token: Type.Optional(secretRef({ defaultKey: "token" })),
  later: Type.Optional(unbuilt(Type.Object({ field: Type.Optional(Type.String()) }))),
});

const provider: Provider = {
  name: "test",
  capabilities: async () => [],
  validateStore: async () => ({ warnings: [], errors: [] }),
  newClient: () => Promise.reject(new ProviderError("Internal", "a check makes no client")),
};
const stores = [{ key: "test", provider, spec: schema }];
const definition: ProviderDefinition = { name: "tester", displayName: "Tester", version: "1.2.3", stores };

const bytes = (text: string) => Buffer.from(text);
const failure = async (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => ProviderError.from(error),
  );

function call(uid: string, options: { digest?: string; caller?: string; spec?: object } = {}): HostCall {
  const { digest = "digest", caller = "own", spec = { server: "s" } } = options;
  return {
    peer: "spiffe://test/core",
    store: { apiVersion: "v1", kind: "SecretStore", namespace: "own", name: "store", uid, generation: 1 },
    spec: bytes(JSON.stringify({ provider: { test: spec } })),
    callerNamespace: caller,
    credentials: [],
    digest,
    ambient: false,
  };
}

test("a spec is checked, with defaults, warnings and references", async (t) => {
  const provider = { test: { server: "s", newer: 1, token: { name: "a" } } };
  const checked = await checkSpec(definition, { provider, retrySettings: { maxRetries: 2 }, controller: "x" });
  t.same(checked.spec, {
    provider: { test: { server: "s", newer: 1, token: { name: "a" }, mode: "fast" } },
    retrySettings: { maxRetries: 2 },
  });
  t.same(checked.warnings, ['provider tester does not know "/provider/test/newer"']);
  t.same(
    checked.references.map(({ pointer }) => pointer),
    ["/provider/test/token"],
  );
});

test("a wrong spec is InvalidConfig that names the field and never the value", async (t) => {
  const cases: readonly [spec: unknown, message: RegExp][] = [
    [null, /exactly one backend under spec\.provider, found 0/],
    [{ provider: {} }, /found 0/],
    [{ provider: { test: {}, other: {} } }, /found 2/],
    [{ provider: { other: {} } }, /provider tester serves no store of type "other", only test/],
    [{ provider: { constructor: {} } }, /no store of type "constructor"/],
    [{ provider: { test: { server: ["s3cret"] } } }, /"\/provider\/test\/server" must be of type string, not array/],
    [{ provider: { test: {} } }, /"\/provider\/test\/server" is required/],
    [{ provider: { test: null } }, /"\/provider\/test"/],
    [{ provider: { test: { server: "s3cret", later: {} } } }, /"\/provider\/test\/later" is not supported .* yet/],
    [{ provider: { test: { server: "s", token: { key: "s3cret\u001b" } } } }, /"\/provider\/test\/token\/key"/],
  ];
  for (const [spec, message] of cases) {
    const error = await failure(checkSpec(definition, spec));
    t.match(error, { code: "InvalidConfig", message }, String(message));
    t.notMatch(error?.message, /s3cret|\u001b/);
  }
  for (const json of ['{"s3cret": ', "\uFEFF\uFEFFs3cret"]) {
    t.throws(() => parseSpec(bytes(json)), { code: "InvalidConfig", message: "the store's spec is not JSON in UTF-8" });
  }
  t.throws(() => parseSpec(Uint8Array.of(0x22, 0xff, 0x22)), { code: "InvalidConfig" });
});

test("a spec is checked once for a peer, store and digest, within bounds", async (t) => {
  const specs = new SpecCache(definition, { specs: 2, specBytes: 1_000 });
  const first = await specs.get(call("a"));
  t.equal(await specs.get(call("a", { caller: "other" })), first);
  t.not(await specs.get({ ...call("a"), peer: "spiffe://test/other" }), first, "no peer gets an object of another");
  t.equal(await specs.get(call("a")), first);
  t.not(await specs.get(call("b")), first, "no store gets an object of another");
  t.equal(await specs.get(call("a")), first, "the one unused for longest went");
  await specs.get(call("c"));
  await specs.get(call("d"));
  t.not(await specs.get(call("a")), first);

  const small = new SpecCache(definition, { specs: 2, specBytes: 10 });
  t.not(await small.get(call("a")), await small.get(call("a")), "too many bytes are not kept");
  t.not(await specs.get(call("a", { digest: "" })), await specs.get(call("a", { digest: "" })), "no digest, no cache");
});

test("what is wrong with a spec is said each time", async (t) => {
  const specs = new SpecCache(definition, { specs: 2, specBytes: 1_000 });
  for (let round = 0; round < 2; round++) {
    const error = await failure(specs.get(call("a", { spec: { server: 1 } })));
    t.match(error, { code: "InvalidConfig", message: /"\/provider\/test\/server"/ });
  }
});
