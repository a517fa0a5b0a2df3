import { test } from "tap";
import { Type } from "typebox";
import { applyDefaults } from "./defaults.ts";
import { externalSecret } from "./kinds/external-secret.ts";
import { secretStore } from "./kinds/secret-store.ts";
import { intOrString, objectName, stringEnum, stringMap, unbuilt } from "./schema.ts";
import { validate } from "./validate.ts";

/** As it stands in a message of ours: place and problem. */
const problems = (schema: object, value: unknown) =>
  validate(schema, value).map(
    ({ pointer, message, unknownField }) => `${pointer}${unknownField ? "?" : ""} ${message}`,
  );

test("a value is checked by the keywords of its schema", (t) => {
  const rows: [name: string, schema: object, value: unknown, expected: string[]][] = [
    ["a string", { type: "string" }, "x", []],
    ["not a string", { type: "string" }, 1, [" must be of type string, not integer"]],
    ["an integer as a number", { type: "number" }, 1, []],
    ["a fraction as an integer", { type: "integer" }, 1.5, [" must be of type integer, not number"]],
    ["a list as an object", { type: "object" }, [], [" must be of type object, not array"]],
    ["null", { type: "string" }, null, [" must be of type string, not null"]],
    ["null where it may be", { type: "string", nullable: true }, null, []],
    ["integer or string", intOrString(), 5, []],
    ["integer or string", intOrString(), "5m", []],
    ["neither", intOrString(), true, [" must be an integer or a string, not boolean"]],
    ["one of a list", stringEnum(["a", "b"]), "b", []],
    ["none of a list", stringEnum(["a", "b"]), "c", [" must be one of: a, b"]],
    ["too short", { type: "string", minLength: 2 }, "x", [" must have at least 2 characters"]],
    ["too long", { type: "string", maxLength: 2, pattern: "^y" }, "xxx", [" must have at most 2 characters"]],
    ["code points count", { type: "string", maxLength: 1 }, "\u{1f600}", []],
    ["a name", objectName(), "a.b-c", []],
    ["no name", { type: "string", pattern: "^[a-z]+$" }, "A", [" must match ^[a-z]+$"]],
    ["too small", { type: "integer", minimum: 2 }, 1, [" must be at least 2"]],
    ["too large", { type: "integer", maximum: 2 }, 3, [" must be at most 2"]],
    ["at the bound", { type: "integer", minimum: 2, maximum: 2 }, 2, []],
    ["at an open bound", { type: "number", minimum: 2, exclusiveMinimum: true }, 2, [" must be greater than 2"]],
    ["at an open bound", { type: "number", maximum: 2, exclusiveMaximum: true }, 2, [" must be less than 2"]],
    ["no multiple", { type: "integer", multipleOf: 5 }, 7, [" must be a multiple of 5"]],
    ["no int32", { type: "integer", format: "int32" }, 2 ** 31, [" must fit into 32 bits"]],
    ["an int64", { type: "integer", format: "int64" }, 2 ** 31, []],
    ["no int64", { type: "integer", format: "int64" }, -1e19, [" must fit into 64 bits"]],
    ["no Base64", { type: "string", format: "byte" }, "a", [" must be Base64"]],
    ["empty text, which is no Base64", { type: "string", format: "byte" }, "", [" must be Base64"]],
    ["Base64", { type: "string", format: "byte" }, "YQ==", []],
    ["Base64 without padding", { type: "string", format: "byte" }, "YWJj", []],
    ["a time", { type: "string", format: "date-time" }, "2026-01-31T12:00:00.5+01:00", []],
    ["an unknown format", { type: "string", format: "flavour" }, "x", []],
    ["too few items", { type: "array", minItems: 1 }, [], [" must have at least 1 item, not 0"]],
    ["too many items", { type: "array", maxItems: 1 }, [1, 2], [" must have at most 1 item, not 2"]],
    ["items", { type: "array", items: { type: "string" } }, ["x", 1], ["/1 must be of type string, not integer"]],
    ["exactly one", { minProperties: 1, maxProperties: 1 }, {}, [" must have exactly 1 field, not 0"]],
    ["a map", stringMap(), { "a/b": 1, __proto__: "x" }, ["/a~1b must be of type string, not integer"]],
    ["a field that is missing", Type.Object({ a: Type.String() }), {}, ["/a is required"]],
    ["a field set to undefined", Type.Object({ a: Type.String() }), { a: undefined }, ["/a is required"]],
    ["an unknown field", Type.Object({}), { "a~b": 1 }, ["/a~0b? is not a field of this object"]],
    ["an object's own heritage", Type.Object({}), { constructor: 1 }, ["/constructor? is not a field of this object"]],
    ["an open object", { type: "object", "x-kubernetes-preserve-unknown-fields": true }, { a: { b: 1 } }, []],
    ["an open map", { type: "object", additionalProperties: true }, { a: 1 }, []],
    [
      "a field that is not built",
      Type.Object({ a: Type.Optional(unbuilt(Type.String())) }),
      { a: "x" },
      ["/a is not supported by this version of Outboard yet; remove it"],
    ],
    ["the same, absent", Type.Object({ a: Type.Optional(unbuilt(Type.String())) }), {}, []],
  ];
  for (const [name, schema, value, expected] of rows) t.strictSame(problems(schema, value), expected, name);
  for (const time of ["2026-01-31", "2026-13-01T00:00:00Z", "2026-01-31 12:00:00Z", "soon"]) {
    t.match(problems({ type: "string", format: "date-time" }, time), [/RFC 3339/u], time);
  }
  t.end();
});

test("no message quotes a value", (t) => {
  const value = { data: [{ secretKey: "hunter2/", remoteRef: "hunter2" }], refreshPolicy: "hunter2" };
  const found = problems(externalSecret.spec, value);
  t.equal(found.length, 3);
  t.notMatch(found.join("\n"), /hunter2/u);
  t.end();
});

test("everything that is wrong is found at once", (t) => {
  const value = {
    secretStoreRef: { name: "Upper", kind: "a store" },
    target: { name: 5 },
    data: [{ remoteRef: { key: "k" } }, { secretKey: "a b", remoteRef: {}, sourceRef: {} }],
    dataFrom: [{ find: { name: { regex: "x" } }, rewrite: [{ regexp: { source: "a" } }] }],
  };
  t.strictSame(
    validate(externalSecret.spec, value).map(({ pointer }) => pointer),
    [
      "/secretStoreRef/name",
      "/secretStoreRef/kind",
      "/target/name",
      "/data/0/secretKey",
      "/data/1/secretKey",
      "/data/1/remoteRef/key",
      "/data/1/sourceRef",
      "/dataFrom/0/find/name/regex",
      "/dataFrom/0/rewrite/0/regexp/target",
    ],
  );
  t.end();
});

test("a kind that is no store is found once all else is right, as an API server looks at rules last", (t) => {
  const problem = (kind: string, name = "main", apiVersion?: string) =>
    validate(externalSecret.spec, { secretStoreRef: { name, kind, ...(apiVersion && { apiVersion }) } }).map(
      ({ pointer }) => pointer,
    );
  t.strictSame(problem("Store"), ["/secretStoreRef/kind"]);
  t.strictSame(problem("Store", "Upper"), ["/secretStoreRef/name"]);
  t.strictSame(problem("ClusterProvider"), []);
  t.strictSame(problem("Store", "main", "acme.example/v1"), []);
  t.end();
});

test("an ExternalSecret gets ESO's defaults and no others", (t) => {
  const given = {
    data: [{ secretKey: "k", remoteRef: { key: "k" } }],
    dataFrom: [
      { extract: { key: "k" }, rewrite: [{ merge: {} }], sourceRef: { generatorRef: { kind: "UUID", name: "u" } } },
    ],
    target: { template: { templateFrom: [{ configMap: { name: "c", items: [{ key: "k" }] } }] } },
  };
  const before = structuredClone(given);
  t.strictSame(applyDefaults(externalSecret.spec, given), {
    data: [{ secretKey: "k", remoteRef: { key: "k" } }],
    dataFrom: [
      {
        extract: { key: "k" },
        rewrite: [{ merge: { into: "", strategy: "Extract", priorityPolicy: "Strict", conflictPolicy: "Error" } }],
        sourceRef: {
          generatorRef: { kind: "UUID", name: "u", apiVersion: "generators.external-secrets.io/v1alpha1" },
        },
      },
    ],
    target: {
      template: {
        templateFrom: [{ configMap: { name: "c", items: [{ key: "k", templateAs: "Values" }] }, target: "Data" }],
        engineVersion: "v2",
        mergePolicy: "Replace",
      },
      creationPolicy: "Owner",
      deletionPolicy: "Retain",
    },
    refreshInterval: "1h0m0s",
  });
  t.strictSame(given, before, "what was given is left as it is");
  t.strictSame(applyDefaults(externalSecret.spec, {}), {
    target: { creationPolicy: "Owner", deletionPolicy: "Retain" },
    refreshInterval: "1h0m0s",
  });
  t.end();
});

test("nulls are dropped or replaced as the API server does it", (t) => {
  const list = { type: "array", items: { type: "string", default: "d" } };
  const rows: [name: string, schema: object, value: unknown, expected: unknown][] = [
    [
      "a default replaces it",
      externalSecret.spec,
      { refreshInterval: null, target: null },
      applyDefaults(externalSecret.spec, {}),
    ],
    ["without one the field goes", secretStore.spec, { controller: null, provider: {} }, { provider: {} }],
    ["a nullable one stays", externalSecret.status, { refreshTime: null }, { refreshTime: null }],
    ["in a map the entry goes", stringMap(), { a: null, b: "x" }, { b: "x" }],
    ["in a list the default replaces it", list, [null, "x"], ["d", "x"]],
    ["in a list without one it stays", { type: "array", items: { type: "string" } }, [null], [null]],
    ["an open object keeps it", secretStore.spec, { provider: { vault: null } }, { provider: { vault: null } }],
    ["a value of the wrong type is left", externalSecret.spec, "text", "text"],
  ];
  for (const [name, schema, value, expected] of rows) t.strictSame(applyDefaults(schema, value), expected, name);
  t.end();
});

test("a default is a copy, and the key __proto__ is a key", (t) => {
  const schema = { type: "object", properties: { list: { type: "array", default: [{ a: 1 }], items: {} } } };
  const first = applyDefaults(schema, {}) as { list: { a: number }[] };
  const second = applyDefaults(schema, {}) as typeof first;
  t.not(first.list[0], second.list[0]);
  const hostile: unknown = JSON.parse('{"__proto__": {"polluted": "x"}}');
  const copied = applyDefaults({ type: "object", "x-kubernetes-preserve-unknown-fields": true }, hostile);
  t.equal(JSON.stringify(copied), '{"__proto__":{"polluted":"x"}}');
  t.end();
});
