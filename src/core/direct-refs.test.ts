import { test } from "tap";
import { DirectRefs, isDirect } from "./direct-refs.ts";

const vault = (name: string) => ({ kind: "Vault.provider.external-secrets.io", namespace: "team", name });
const store = { kind: "SecretStore", namespace: "team", name: "main" };
const at = (name: string) => ({ namespace: "team", name });

test("what ExternalSecrets name is told once when the first names it, and forgotten with the last", (t) => {
  const direct = new DirectRefs();
  const [a, b] = [vault("a"), vault("b")];
  const steps: readonly (readonly [
    what: string,
    key: string,
    stores: Parameters<DirectRefs["set"]>[1],
    added: readonly object[],
    all: readonly object[],
  ])[] = [
    ["stores are none", "one", [store], [], []],
    ["the first that names it", "one", [a, store], [a], [a]],
    ["the same again", "one", [a], [], [a]],
    ["another that names it", "two", [a, b], [b], [a, b]],
    ["one that names it no longer", "one", [b], [], [a, b]],
    ["the last one", "two", [b], [], [b]],
    ["it is gone", "one", [], [], [b]],
    ["so is the other", "two", [], [], []],
    ["one that was never there", "three", [], [], []],
    ["a new one", "one", [a], [a], [a]],
  ];
  for (const [what, key, stores, added, all] of steps) {
    t.strictSame(direct.set(at(key), stores), added, what);
    t.strictSame(direct.all(), all, what);
    for (const ref of [a, b]) t.equal(direct.has(ref), all.includes(ref), what);
  }
  t.end();
});

test("only a followed kind's name has a group in it", (t) => {
  t.ok(isDirect(vault("a")));
  for (const kind of ["SecretStore", "ClusterSecretStore", "Provider", "ClusterProvider", "Secret"])
    t.notOk(isDirect({ kind }), kind);
  t.end();
});
