import { test } from "tap";
import { ProviderError } from "../../api/errors.ts";
import type { Context, PushData, PushSource, SecretMap, Store } from "../../api/provider.ts";
import { referencesOf } from "../../api/references.ts";
import { validate } from "../../api/validate.ts";
import { createFakeProvider } from "./fake.ts";
import { children, plain } from "./json-text.ts";
import { spec, type FakeSpec } from "./spec.ts";

const signal = new AbortController().signal;
const document =
  '{ "name": "it\\"s", "port": 5432, "big": 12345678901234567890, "none": null, "list": [ {"a.b": "x"}, [] ] }';
const data: FakeSpec["data"] = [
  { key: "/plain", value: "first" },
  { key: "/versions", value: "one", version: "v1" },
  { key: "/versions", value: "two", version: "v2" },
  { key: "/document", value: document },
  { key: "/list", value: "[1]" },
];

const context: Context = {
  namespace: "default",
  ambient: false,
  secret: () => Promise.reject(new ProviderError("Internal", "fake has no references")),
  configMap: () => Promise.reject(new ProviderError("Internal", "fake has no references")),
  token: () => Promise.reject(new ProviderError("Internal", "fake has no references")),
};

function store(fake: unknown, uid = "uid-1"): Store {
  const identity = { apiVersion: "external-secrets.io/v1", kind: "SecretStore", namespace: "default", name: "fake" };
  return { ...identity, uid, generation: 1, spec: { provider: { fake } } };
}

const client = (fake: FakeSpec = { data }) => createFakeProvider().newClient(store(fake), context, signal);

const text = (value: Uint8Array | undefined) => value && Buffer.from(value).toString();
const texts = (values: SecretMap) => Object.fromEntries([...values].map(([key, value]) => [key, text(value)]));
const failure = (promise: Promise<unknown>): Promise<ProviderError> =>
  promise.then(
    () => new ProviderError("Internal", "it did not fail"),
    (error: unknown) => ProviderError.from(error),
  );

function source(values: Record<string, string>): PushSource {
  const entries = Object.entries(values).map(([key, value]) => [key, Buffer.from(value)] as const);
  return { data: new Map(entries), type: "Opaque", labels: {}, annotations: {} };
}

const pushData = (secretKey: string, remoteKey: string): PushData => ({ secretKey, remoteKey, property: "" });

test("a value is found by its exact key and version", async (t) => {
  const fake = await client();
  const cases: readonly [key: string, version: string | undefined, value: string][] = [
    ["/plain", undefined, "first"],
    ["/plain", "", "first"],
    ["/plain", "v1", "NoSecret"],
    ["/versions", "v1", "one"],
    ["/versions", "v2", "two"],
    ["/versions", undefined, "NoSecret"],
    ["/versionsv1", undefined, "NoSecret"],
    ["/missing", undefined, "NoSecret"],
    ["__proto__", undefined, "NoSecret"],
  ];
  for (const [key, version, expected] of cases) {
    const ref = version === undefined ? { key } : { key, version };
    const got = await fake.getSecret(ref, signal).then(text, (error: ProviderError) => error.code);
    t.equal(got, expected, `${key} ${version}`);
  }
});

test("a property is a path of names and list indices", async (t) => {
  const fake = await client();
  const cases: readonly [path: string, value: string][] = [
    ["name", 'it"s'],
    ["port", "5432"],
    ["big", "12345678901234567890"],
    ["none", ""],
    ["list.0", '{"a.b": "x"}'],
    ["list.0.a\\.b", "x"],
    ["list.1", "[]"],
    ["list.2", "NoSecret"],
    ["name.0", "NoSecret"],
    ["missing", "NoSecret"],
    ["__proto__", "NoSecret"],
    ["list.#", "Unsupported"],
    ["na*", "Unsupported"],
    ["@this", "Unsupported"],
  ];
  for (const [property, expected] of cases) {
    const read = fake.getSecret({ key: "/document", property }, signal);
    t.equal(await read.then(text, (error: ProviderError) => error.code), expected, property);
  }
  const noJson = await failure(fake.getSecret({ key: "/plain", property: "name" }, signal));
  t.equal(noJson.code, "NoSecret", "a value that is not JSON has no properties");
});

test("a map has strings without quotes and all else as JSON text", async (t) => {
  const fake = await client();
  t.same(texts(await fake.getSecretMap({ key: "/document" }, signal)), {
    name: 'it"s',
    port: "5432",
    big: "12345678901234567890",
    none: "",
    list: '[ {"a.b": "x"}, [] ]',
  });
  t.same(texts(await fake.getSecretMap({ key: "/document", property: "list.0" }, signal)), { "a.b": "x" });
  for (const key of ["/plain", "/list"]) {
    const error = await failure(fake.getSecretMap({ key }, signal));
    t.match(error, { code: "InvalidConfig", message: "unable to unmarshal secret: it is not a JSON object" });
  }
});

test("JSON text is taken apart without being changed", (t) => {
  const cases: readonly [json: string, children: readonly [string, string][]][] = [
    ["{}", []],
    [" [ ] ", []],
    ['{"a":1,"a":2}', [["a", "2"]]],
    [
      '{"a,]}":"{[\\"","b":{"c":[1,{"d":2}]}}',
      [
        ["a,]}", '"{[\\""'],
        ["b", '{"c":[1,{"d":2}]}'],
      ],
    ],
    [
      "[1.50, -2e3 ,true]",
      [
        ["0", "1.50"],
        ["1", "-2e3"],
        ["2", "true"],
      ],
    ],
    ['{"\\u00e9 \\n" : "\\\\"}', [["é \n", '"\\\\"']]],
    ['{"__proto__":{"x":1}}', [["__proto__", '{"x":1}']]],
    ['"scalar"', []],
  ];
  for (const [json, expected] of cases) t.same([...children(json)], expected, json);
  const many = `{${Array.from({ length: 50_000 }, (_, index) => `"k${index}":"v"`).join()}}`;
  t.equal(children(many).size, 50_000);
  t.equal(plain(JSON.stringify("\n".repeat(100_000))).length, 100_000);
  t.end();
});

test("find is by name, gives the newest version and converts keys", async (t) => {
  const fake = await client();
  await fake.pushSecret(source({ a: "pushed" }), pushData("a", "/pushed"), signal);
  const found = await fake.getAllSecrets({ name: { regexp: "^/(versions|plain|pushed)" } }, signal);
  t.same(texts(found), { _versions: "two", _plain: "first", _pushed: "pushed" });
  const unicode = await fake.getAllSecrets({ name: { regexp: "plain" }, conversionStrategy: "Unicode" }, signal);
  t.same(texts(unicode), { _U002f_plain: "first" });
  t.equal((await fake.getAllSecrets({ name: { regexp: "nothing" } }, signal)).size, 0);
  for (const find of [{}, { path: "/" }, { tags: { a: "b" } }]) {
    t.equal((await failure(fake.getAllSecrets(find, signal))).code, "Unsupported");
  }
  const wrong = await failure(fake.getAllSecrets({ name: { regexp: "(" } }, signal));
  t.match(wrong, { code: "InvalidConfig", message: /find\.name\.regexp/ });
});

test("what is pushed is there for every client of the store and for no other store", async (t) => {
  const provider = createFakeProvider();
  const [first, second] = [
    await provider.newClient(store({ data }), context, signal),
    await provider.newClient(store({ data: [] }), context, signal),
  ];
  const other = await provider.newClient(store({ data }, "uid-2"), context, signal);
  t.equal(await first.secretExists({ remoteKey: "new", property: "" }, signal), false);
  await first.pushSecret(source({ a: "1", b: "2" }), pushData("a", "new"), signal);
  t.equal(text(await second.getSecret({ key: "new" }, signal)), "1");
  await second.pushSecret(source({ a: "1", b: "2" }), pushData("", "new"), signal);
  t.equal(text(await first.getSecret({ key: "new" }, signal)), '{"a":"1","b":"2"}', "the whole secret as JSON");
  t.equal(await second.secretExists({ remoteKey: "new", property: "" }, signal), true);
  t.equal(await other.secretExists({ remoteKey: "new", property: "" }, signal), false);
  t.equal((await failure(other.getSecret({ key: "new" }, signal))).code, "NoSecret");
  await first.deleteSecret({ remoteKey: "new", property: "" }, signal);
  t.equal(await first.secretExists({ remoteKey: "new", property: "" }, signal), true, "delete removes nothing");
});

test("a push that cannot be is refused and changes nothing", async (t) => {
  const fake = await client();
  const push = (values: Record<string, string>, secretKey: string, remoteKey: string) =>
    failure(fake.pushSecret(source(values), pushData(secretKey, remoteKey), signal));
  t.match(await push({ a: "x" }, "a", "/plain"), { code: "Conflict", message: "key already exists" });
  t.equal(text(await fake.getSecret({ key: "/plain" }, signal)), "first");
  t.match(await push({ a: "x" }, "b", "new"), { code: "InvalidConfig", message: 'the source secret has no key "b"' });
  const large = "x".repeat(3 * 1024 * 1024);
  await fake.pushSecret(source({ a: large }), pushData("a", "large"), signal);
  t.equal((await push({ a: large }, "a", "larger")).code, "TooLarge");
  t.equal((await failure(fake.getSecret({ key: "larger" }, signal))).code, "NoSecret");
  await fake.pushSecret(source({ a: large }), pushData("a", "large"), signal);
  await fake.pushSecret(source({ a: "small" }), pushData("a", "large"), signal);
  t.equal(await fake.secretExists({ remoteKey: "large", property: "" }, signal), true, "replacing counts once");
});

test("validationResult says what validating gives", async (t) => {
  const cases: readonly [number | undefined, string][] = [
    [undefined, "Ready"],
    [0, "Ready"],
    [1, "Unknown"],
    [2, "unable to validate"],
    [7, "unable to validate"],
  ];
  for (const [validationResult, expected] of cases) {
    const fake = await client(validationResult === undefined ? { data } : { data, validationResult });
    t.equal(await fake.validate(signal).catch((error: ProviderError) => error.message), expected);
  }
});

test("admission names the place of an empty key or value, never the value", async (t) => {
  const provider = createFakeProvider();
  const bad = { data: [...data, { key: "", value: "s3cret" }, { key: "k", value: "" }] };
  t.same(await provider.validateStore(store(bad), signal), {
    warnings: [],
    errors: ["key must be set in data 5", "at least one value must be set in data 6"],
  });
  t.same(await provider.validateStore(store({ data }), signal), { warnings: [], errors: [] });
  await t.rejects(provider.validateStore({ ...store({}), spec: { provider: {} } }, signal), { code: "InvalidConfig" });
});

test("a cancelled call does nothing", async (t) => {
  const fake = await client();
  const gone = AbortSignal.abort();
  const push = fake.pushSecret(source({ a: "x" }), pushData("a", "new"), gone);
  for (const call of [push, fake.getSecret({ key: "/plain" }, gone), fake.getAllSecrets({ name: {} }, gone)]) {
    t.equal((await failure(call)).code, "Cancelled");
  }
  t.equal(await fake.secretExists({ remoteKey: "new", property: "" }, signal), false);
});

test("the schema has ESO's fields and no references", (t) => {
  t.same(validate(spec, { data, validationResult: 1 }), []);
  t.same(
    validate(spec, { data: [{ value: 1 }] }).map(({ pointer }) => pointer),
    ["/data/0/value", "/data/0/key"],
  );
  t.same(referencesOf(spec), []);
  t.end();
});
