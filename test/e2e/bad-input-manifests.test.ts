import { test } from "tap";
import {
  externalSecret,
  fake,
  notFetched,
  notReady,
  reads,
  ready,
  secret,
  store,
  watchScenarios,
  type Scenario,
} from "./bad-input.ts";
import { plantSecret } from "./outboard.ts";

/** A store and an ExternalSecret that work. */
const mended = (name: string) => [store(name, fake({ key: plantSecret() })), externalSecret(name, reads("key"))];

const noStore = (name: string) =>
  notFetched(
    name,
    "key",
    String.raw`could not get SecretStore "bad", SecretStore\.external-secrets\.io "bad" not found`,
    "InvalidConfig",
  );

/** A scenario whose manifest is refused, at a place of the file, and works when mended. */
const refused = (name: string, manifests: Scenario["manifests"], says: string): Scenario => ({
  name,
  manifests,
  says: [new RegExp(`^\\S+/${name}\\.yaml:${says}$`, "m")],
  mend: () => mended(name),
});

const scenarios: readonly Scenario[] = [
  {
    name: "key-without-provider",
    manifests: [store("key-without-provider", { doppler: {} }), externalSecret("key-without-provider", reads("key"))],
    says: [
      /^SecretStore key-without-provider\/bad not Ready \(ProviderNotFound: no provider serves spec\.provider\.doppler: the bundles at hand serve chef, fake, vault\)\n {2}to mend it: correct/m,
      /^ExternalSecret key-without-provider\/bad not Ready .*\n {2}.*SecretStore "bad" is not ready$/m,
    ],
    mend: () => mended("key-without-provider"),
  },
  {
    ...refused(
      "unknown-provider-key",
      [store("unknown-provider-key", { nosuch: {} }), externalSecret("unknown-provider-key", reads("key"))],
      String.raw`1:\d+: spec\.provider\.nosuch: is not a field of this object`,
    ),
  },
  {
    name: "no-such-store",
    manifests: [externalSecret("no-such-store", reads("key"))],
    says: [noStore("no-such-store")],
    mend: () => mended("no-such-store"),
  },
  refused(
    "two-provider-keys",
    [store("two-provider-keys", { ...fake({ key: plantSecret() }), vault: { server: "http://127.0.0.1:8200" } })],
    String.raw`1:\d+: spec\.provider: must have exactly 1 field, not 2`,
  ),
  refused(
    "yaml-syntax",
    [
      `apiVersion: v1\nkind: Secret\nmetadata: {name: token, namespace: yaml-syntax}\nstringData: {token: "${plantSecret()}}\n`,
    ],
    String.raw`\d+:\d+: misses a character: a closing quote or bracket, a ':' or a ','`,
  ),
  refused(
    "value-without-quotes",
    [
      `apiVersion: v1\nkind: Secret\nmetadata: {name: token, namespace: x}\nstringData:\n  token: a: ${plantSecret()}\n`,
    ],
    String.raw`5:\d+: a value with ': ' in it needs quotes, a nested object a line of its own`,
  ),
  refused(
    "wrong-type",
    [externalSecret("wrong-type", { data: plantSecret() })],
    String.raw`1:\d+: spec\.data: must be of type array, not string`,
  ),
  refused(
    "value-of-wrong-type",
    [secret("value-of-wrong-type", { token: [plantSecret()] as unknown as string })],
    String.raw`1:\d+: stringData\.token: must be of type string, not array`,
  ),
  refused(
    "unknown-field",
    [store("unknown-field", { fake: { data: [{ key: "key", vlaue: plantSecret() }] } })],
    String.raw`1:\d+: spec\.provider\.fake\.data\[0\]\.vlaue: is not a field of this object`,
  ),
  refused(
    "path-as-key",
    [externalSecret("path-as-key", { data: [{ secretKey: "../../x", remoteRef: { key: "key" } }] })],
    String.raw`1:\d+: spec\.data\[0\]\.secretKey: must match \^\[-\._a-zA-Z0-9\]\+\$`,
  ),
  refused(
    "kind-of-others",
    [{ apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "app", namespace: "kind-of-others" } }],
    String.raw`1:\d+: kind: apps/v1 Deployment is not for local mode, which takes .*ExternalSecret.*`,
  ),
  {
    name: "path-as-key-of-the-backend",
    manifests: [
      store("path-as-key-of-the-backend", fake({ "../../x": plantSecret() })),
      externalSecret("path-as-key-of-the-backend", { dataFrom: [{ find: { name: { regexp: "x" } } }] }),
    ],
    says: [
      notReady(
        "ExternalSecret path-as-key-of-the-backend/bad",
        "SecretSyncedError: could not update secret",
        String.raw`Secret bad is invalid: data\[\.\._\.\._x\]: a key must not be '\.' nor start with '\.\.'`,
        "InvalidConfig",
      ),
    ],
    mend: () => [
      store("path-as-key-of-the-backend", fake({ x: plantSecret() })),
      externalSecret("path-as-key-of-the-backend", { dataFrom: [{ find: { name: { regexp: "x" } } }] }),
    ],
  },
  {
    name: "regular-expression-of-perl",
    manifests: [
      store("regular-expression-of-perl", fake({ key: plantSecret() })),
      externalSecret("regular-expression-of-perl", { dataFrom: [{ find: { name: { regexp: "k(?=ey)" } } }] }),
    ],
    says: [
      notReady(
        "ExternalSecret regular-expression-of-perl/bad",
        "SecretSyncedError: could not get secret data from provider",
        String.raw`error processing spec\.dataFrom\[0\]\.find, err: error getting all secrets: find\.name\.regexp: not a regular expression in RE2 syntax: .*`,
        "InvalidConfig",
      ),
    ],
    mend: () => [
      store("regular-expression-of-perl", fake({ key: plantSecret() })),
      externalSecret("regular-expression-of-perl", { dataFrom: [{ find: { name: { regexp: "ke?y" } } }] }),
    ],
  },
  {
    // A backtracking engine needs 2^64 steps to say no to the first key.
    name: "catastrophic-regular-expression",
    manifests: [
      store("catastrophic-regular-expression", fake({ [`${"a".repeat(64)}!`]: plantSecret(), aaaa: plantSecret() })),
      externalSecret("catastrophic-regular-expression", { dataFrom: [{ find: { name: { regexp: "^(a+)+$" } } }] }),
    ],
    says: [ready("catastrophic-regular-expression", "bad")],
  },
];

test("manifests that are wrong say where and how, disturb nothing else, and work once mended", (t) =>
  watchScenarios(t, scenarios));
