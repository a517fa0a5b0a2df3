import { createSecretKey } from "node:crypto";
import t from "tap";
import type { Credential } from "../../api/credential.ts";
import { storeDigest } from "./digest.ts";

const key = createSecretKey(Buffer.alloc(32, 1));
const spec = Buffer.from('{"provider":{"vault":{}}}');
const bytes = (text: string) => Buffer.from(text);
const place = { path: "/provider/vault/a", namespace: "n", name: "x" };
const secret: Credential = {
  ...place,
  kind: "Secret",
  keys: new Map([
    ["a", bytes("1")],
    ["b", bytes("2")],
  ]),
};
const token = {
  token: "t1",
  expiresAt: 1,
  serviceAccountUid: "u",
  annotations: new Map([["k", "v"]]),
  audiences: ["aud"],
};
const account: Credential = { ...place, kind: "ServiceAccount", token };
const failed: Credential = { ...place, kind: "Secret", error: { code: "InvalidConfig", message: "gone" } };

t.test("each input changes the digest, and no two of them meet", (t) => {
  const variants: readonly [string, string][] = [
    ["plain", storeDigest(key, spec, [secret])],
    ["another key", storeDigest(createSecretKey(Buffer.alloc(32, 2)), spec, [secret])],
    ["another spec", storeDigest(key, bytes("{}"), [secret])],
    ["no credential", storeDigest(key, spec, [])],
    ["twice", storeDigest(key, spec, [secret, secret])],
    ["path", storeDigest(key, spec, [{ ...secret, path: "/b" }])],
    ["kind", storeDigest(key, spec, [{ ...secret, kind: "ConfigMap" }])],
    ["namespace", storeDigest(key, spec, [{ ...secret, namespace: "m" }])],
    ["name", storeDigest(key, spec, [{ ...secret, name: "y" }])],
    ["shifted name", storeDigest(key, spec, [{ ...secret, namespace: "nx", name: "" }])],
    [
      "value",
      storeDigest(key, spec, [
        {
          ...secret,
          keys: new Map([
            ["a", bytes("1")],
            ["b", bytes("3")],
          ]),
        },
      ]),
    ],
    [
      "shifted value",
      storeDigest(key, spec, [
        {
          ...secret,
          keys: new Map([
            ["a", bytes("1b")],
            ["", bytes("2")],
          ]),
        },
      ]),
    ],
    ["fewer keys", storeDigest(key, spec, [{ ...secret, keys: new Map([["a", bytes("1")]]) }])],
    ["error", storeDigest(key, spec, [failed])],
    ["error text", storeDigest(key, spec, [{ ...failed, error: { code: "InvalidConfig", message: "no" } }])],
    ["error code", storeDigest(key, spec, [{ ...failed, error: { code: "Unavailable", message: "gone" } }])],
    ["token", storeDigest(key, spec, [account])],
    ["account", storeDigest(key, spec, [{ ...account, token: { ...token, serviceAccountUid: "w" } }])],
    ["audiences", storeDigest(key, spec, [{ ...account, token: { ...token, audiences: ["aud", ""] } }])],
    ["annotations", storeDigest(key, spec, [{ ...account, token: { ...token, annotations: new Map() } }])],
  ];
  const seen = new Map<string, string>();
  for (const [name, digest] of variants) {
    t.match(digest, /^[0-9a-f]{64}$/);
    t.equal(seen.get(digest), undefined, `${name} has a digest of its own`);
    seen.set(digest, name);
  }
  t.end();
});

t.test("what means the same has the same digest", (t) => {
  const turned = {
    ...secret,
    keys: new Map([
      ["b", bytes("2")],
      ["a", bytes("1")],
    ]),
  };
  t.equal(storeDigest(key, spec, [turned]), storeDigest(key, spec, [secret]), "order of keys");
  const renewed = { ...account, token: { ...token, token: "t2", expiresAt: 2 } };
  t.equal(storeDigest(key, spec, [renewed]), storeDigest(key, spec, [account]), "a renewed token");
  t.end();
});
