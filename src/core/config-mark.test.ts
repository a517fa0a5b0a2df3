import { test } from "tap";
import { vaultKind } from "../../test/config-kind.ts";
import { configMark, usableConfigMark } from "./config-mark.ts";

const mark = "external-secrets.io/provider-config";
const kindSaying = (value: unknown) => ({
  ...vaultKind,
  annotations: { [mark]: typeof value === "string" ? value : JSON.stringify(value) },
});

test("the annotation says the key, and every mark of every reference", (t) => {
  const references = [
    { path: "/auth/tokenSecretRef", kind: "Secret", defaultKey: "token" },
    { path: "/ca", kind: "ConfigMap" },
    { path: "/caProvider", kind: "CAProvider" },
    {
      path: "/auth/serviceAccountRef",
      kind: "ServiceAccount",
      audiences: ["vault"],
      audiencesField: "audiences",
      apiServerToken: true,
    },
  ];
  t.strictSame(configMark(kindSaying({ key: "vault", references })), { key: "vault", references });
  t.strictSame(configMark(kindSaying({ key: "fake" })), { key: "fake", references: [] }, "none is none");
  const more = [{ path: "/a", kind: "Secret", apiServerToken: "true", defaultKey: 7, newer: 1 }];
  t.strictSame(
    configMark(kindSaying({ key: "vault", references: more })).references,
    [{ path: "/a", kind: "Secret" }],
    "what is not understood opens nothing",
  );
  t.end();
});

test("an annotation that is not understood is refused as a whole, naming the CustomResourceDefinition", (t) => {
  const table: readonly (readonly [what: string, value: unknown, message: RegExp])[] = [
    ["no JSON", "{hunter2", /is no JSON object/],
    ["no object", ["vault"], /is no JSON object/],
    ["null", "null", /is no JSON object/],
    ["no key", {}, /has no "key"/],
    ["an empty key", { key: "" }, /has no "key"/],
    ["a key that is no text", { key: 7 }, /has no "key"/],
    ["references that are no list", { key: "vault", references: {} }, /"references" .* are no list/],
    ["a reference that is no object", { key: "vault", references: ["/a"] }, /reference 0 is no object/],
    ["a reference without a path", { key: "vault", references: [{ kind: "Secret" }] }, /reference 0 has no "path"/],
    ["a path that is no pointer", { key: "vault", references: [{ path: "a", kind: "Secret" }] }, /begins with \//],
    [
      "a kind that nobody reads",
      {
        key: "vault",
        references: [
          { path: "/a", kind: "Secret" },
          { path: "/b", kind: "Node" },
        ],
      },
      /reference 1: "kind" must be one of Secret/,
    ],
  ];
  for (const [what, value, message] of table) {
    const named = new RegExp(`vaults\\.provider\\.external-secrets\\.io.*; correct the CustomResourceDefinition`);
    t.throws(() => configMark(kindSaying(value)), { code: "InvalidConfig", message }, what);
    t.throws(() => configMark(kindSaying(value)), { message: named }, what);
    t.throws(() => configMark(kindSaying(value)), { message: /^(?!.*hunter2)/ }, what);
    t.equal(usableConfigMark(kindSaying(value)), undefined, what);
  }
  t.throws(() => configMark({ ...vaultKind, annotations: {} }), { message: /has no annotation external-secrets\.io/ });
  t.throws(() => configMark({ ...vaultKind, hasStatus: false }), { message: /has no subresource status/ });
  t.ok(usableConfigMark(vaultKind));
  t.end();
});
