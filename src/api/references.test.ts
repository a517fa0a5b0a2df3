import { test } from "tap";
import { Type } from "typebox";
import { audiencesOf } from "./audiences.ts";
import { findReferences, referencesOf } from "./references.ts";
import { caProvider, configMapRef, secretRef, serviceAccountRef, unbuilt } from "./schema.ts";

const spec = Type.Object({
  server: Type.String(),
  auth: Type.Object({
    tokenSecretRef: Type.Optional(secretRef({ defaultKey: "token" })),
    "a/b~c": Type.Optional(configMapRef()),
    account: Type.Optional(serviceAccountRef({ audiences: ["vault"], apiServerToken: true })),
  }),
  caProvider: Type.Optional(caProvider()),
  tls: Type.Optional(Type.Array(Type.Object({ keyRef: Type.Optional(unbuilt(secretRef())) }))),
});

const found = (value: unknown) =>
  findReferences(referencesOf(spec), value).map(({ pointer, selector }) => ({ pointer, selector }));

test("the marked places of a schema are its references", (t) => {
  t.strictSame(referencesOf(spec), [
    { path: "/auth/tokenSecretRef", kind: "Secret", defaultKey: "token" },
    { path: "/auth/a~1b~0c", kind: "ConfigMap" },
    { path: "/auth/account", kind: "ServiceAccount", audiences: ["vault"], apiServerToken: true },
    { path: "/caProvider", kind: "CAProvider", defaultKey: "ca.crt" },
    { path: "/tls/*/keyRef", kind: "Secret" },
  ]);
  t.strictSame(referencesOf(JSON.parse(JSON.stringify(spec)) as object), referencesOf(spec), "as JSON too");
  t.end();
});

test("a place in a provider's spec that is absent or of another shape is no reference", (t) => {
  const name = { name: "x" };
  const rows: [value: unknown, expected: unknown[]][] = [
    [{}, []],
    [null, []],
    [{ auth: { tokenSecretRef: name } }, [{ pointer: "/auth/tokenSecretRef", selector: name }]],
    [{ auth: { "a/b~c": name } }, [{ pointer: "/auth/a~1b~0c", selector: name }]],
    [{ auth: { tokenSecretRef: null, account: "text" } }, []],
    [
      { tls: [{ keyRef: name }, {}, null, { keyRef: name }] },
      [
        { pointer: "/tls/0/keyRef", selector: name },
        { pointer: "/tls/3/keyRef", selector: name },
      ],
    ],
    [{ tls: { 0: { keyRef: name } } }, []],
    [{ auth: [name] }, []],
    [Object.create({ caProvider: name }), []],
  ];
  for (const [value, expected] of rows) t.strictSame(found(value), expected, JSON.stringify(value));
  t.end();
});

test("audiences beside a reference are found with it", (t) => {
  const account = serviceAccountRef({ audiences: ["vault"], audiencesField: "audiences" });
  const schema = Type.Object({ jwt: Type.Object({ account, audiences: Type.Array(Type.String()) }) });
  const references = referencesOf(schema);
  t.strictSame(references, [
    { path: "/jwt/account", kind: "ServiceAccount", audiences: ["vault"], audiencesField: "audiences" },
  ]);
  const besides = (jwt: object) => findReferences(references, { jwt }).map((reference) => reference.besides);
  t.strictSame(besides({ account: { name: "a" }, audiences: ["x"] }), [["x"]]);
  t.strictSame(
    besides({ account: { name: "a", audiences: ["x"] } }),
    [undefined],
    "the reference's own are not beside it",
  );
  t.end();
});

test("whose token a reference asks for", (t) => {
  const asked = (mark: object, selector: object, besides?: unknown) => {
    const reference = { path: "/a", kind: "ServiceAccount" as const, ...mark };
    return audiencesOf({ pointer: "/provider/x/a", reference, selector: { ...selector }, besides });
  };
  const both = { audiences: ["vault"], audiencesField: "audiences" };
  const rows: [what: string, asked: readonly string[], expected: string[]][] = [
    ["the user's", asked({ audiences: ["mark"] }, { audiences: ["own"] }), ["own"]],
    ["else the mark's", asked({ audiences: ["mark"] }, { audiences: [] }), ["mark"]],
    ["the API server's, where the mark says so", asked({ apiServerToken: true }, {}), []],
    ["the user's there too", asked({ apiServerToken: true }, { audiences: ["own"] }), ["own"]],
    ["both kinds, with the default", asked(both, { audiences: ["own"] }), ["own", "vault"]],
    ["both kinds", asked(both, { audiences: ["own"] }, ["own", "more"]), ["own", "more"]],
    ["an empty field counts as none", asked(both, {}, []), ["vault"]],
    ["a field of another shape too", asked(both, {}, "text"), ["vault"]],
  ];
  for (const [what, found, expected] of rows) t.strictSame(found, expected, what);
  t.throws(() => asked({}, {}), { code: "InvalidConfig", message: /^\/provider\/x\/a names no audiences/ });
  t.end();
});

test("an optional field that is not built yet stays optional", (t) => {
  const required: unknown = Type.Object({
    a: unbuilt(Type.Optional(Type.String())),
    b: unbuilt(Type.String()),
  }).required;
  t.strictSame(required, ["b"]);
  t.end();
});
