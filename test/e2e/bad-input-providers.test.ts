import { join } from "node:path";
import { test } from "tap";
import type { Code } from "../../src/api/errors.ts";
import { createCa, issueLeaf } from "../../src/certs/issue.ts";
import { externalSecret, fake, folder, literally, reads, store, watchScenarios, type Scenario } from "./bad-input.ts";
import type { Store } from "../../src/api/provider.ts";
import { createRunKeys, type RunKeys } from "../../src/local/run-keys.ts";
import { startBundledProvider } from "../bundled-provider.ts";
import { fixedContext } from "../fixed-context.ts";
import { testBundles } from "../test-bundles.ts";
import { remedies } from "../../src/local/remedies.ts";
import { badPrograms, bundlesWith } from "./bad-providers.ts";
import { plantSecret, searchForPlanted } from "./outboard.ts";

/** Keys of ESO's that no bundle serves, so that the CRDs let what is below them through. */
const keys = ["akeyless", "aws", "azurekv", "barbican", "beyondtrust", "conjur", "delinea", "doppler", "dvls"];

/** What is said of the store of each program, and with which code. */
const expected = new Map<string, readonly [says: string, code: Code]>([
  ["ends-at-once", ["provider ends-at-once ended with code 3", "Unavailable"]],
  [
    "prints-garbage",
    ["provider prints-garbage printed something else than its address; build it again", "Unavailable"],
  ],
  ["listens-nowhere", ["nothing listens there; it is tried again by itself", "Unavailable"]],
  ["says-nothing", ["provider says-nothing did not say within 10 s where it listens", "Unavailable"]],
  ["no-tls", ["what answers there does not speak TLS", "Unavailable"]],
  ["strange-certificate", ["its certificate is not signed by the CA that core trusts for it", "Unavailable"]],
  ["garbage-after-handshake", ["what answers there does not speak HTTP/2", "Unavailable"]],
  ["garbage-answers", ["sent an answer that cannot be read; its log may say why", "Internal"]],
  ["web-server", ["answers something that is not gRPC", "Internal"]],
]);

test("a provider's process that goes wrong is named, with what it did, and takes no other along", async (t) => {
  const now = Date.now();
  const ca = await createCa({ commonName: "a CA of its own", validity: 3_600_000, now });
  const dnsNames = ["strange-certificate.outboard-local.svc"];
  const stranger = await issueLeaf({ ca, usage: "server", dnsNames, validity: 3_600_000, now });
  const programs = [...badPrograms(stranger)].map(([name, program], index) => ({
    name,
    key: keys[index] ?? "",
    program,
  }));
  t.strictSame(programs.map(({ name }) => name).sort(), [...expected.keys()].sort());
  const scenarios = programs.map(({ name, key }): Scenario => {
    const [says, code] = expected.get(name) ?? ["", "Internal"];
    return {
      name,
      manifests: [store(name, { [key]: { token: plantSecret() } }), externalSecret(name, reads("key"))],
      says: [
        // The condition says it itself, or its event does.
        new RegExp(
          `^SecretStore ${name}/bad not Ready [^\\n]*(\\n  )?[^\\n]*${literally(says)}\\)?\\n  to mend it: ${literally(remedies[code])}$`,
          "m",
        ),
      ],
      mend: () => [store(name, fake({ key: plantSecret() })), externalSecret(name, reads("key"))],
    };
  });
  await watchScenarios(t, scenarios, { bundles: bundlesWith(join(folder(t), "bundles"), programs) });
});

test("a provider whose certificate is for another name, or of another CA, is not called", async (t) => {
  const [run, other] = await Promise.all([createRunKeys(Date.now()), createRunKeys(Date.now())]);
  t.teardown(() => [run, other].forEach((keys) => keys.remove()));
  const rows: readonly [keys: RunKeys, why: RegExp][] = [
    [{ ...run, provider: () => run.provider("vault") }, /: its certificate is not for that name$/],
    [
      { ...run, provider: (name) => other.provider(name) },
      /: its certificate is not signed by the CA that core trusts/,
    ],
  ];
  const asked: Store = {
    apiVersion: "external-secrets.io/v1",
    kind: "SecretStore",
    namespace: "team",
    name: "store",
    uid: "0",
    generation: 1,
    spec: { provider: fake({ key: plantSecret() }) },
  };
  for (const [keys, why] of rows) {
    const bundled = await startBundledProvider(testBundles, "fake", keys);
    t.teardown(() => bundled.stop());
    const signal = AbortSignal.timeout(30_000);
    await t.rejects(bundled.providerFor(asked).newClient(asked, fixedContext(new Map(), "team"), signal), {
      code: "Unavailable",
      message: why,
    });
    searchForPlanted(t, bundled.log());
  }
});
