import { test } from "tap";
import { createLocalWorld } from "../../test/local-world.ts";
import type { ClassRef } from "./kinds.ts";
import { parseServes } from "./resolve/serves.ts";
import {
  classesTouched,
  classesWithoutSecret,
  providersTouched,
  storesAskingFor,
  storesOfClass,
  storesOfConfig,
  storesWithConfig,
  storesWithoutClass,
} from "./touched.ts";

const vaultId = "Vault.provider.external-secrets.io";
const providerRef = { apiVersion: "provider.external-secrets.io/v2alpha1", kind: "Vault", name: "main" };
const pinned = { ...providerRef, namespace: "platform" };
const vault = { server: "http://vault" };
const tls = { secretRef: { name: "tls" } };

/** One of each kind and way; the name says which. */
async function setUp() {
  const { cluster, apply } = await createLocalWorld();
  const add = (kind: string, namespace: string, name: string, spec: object) =>
    apply(kind, { namespace, name }, { spec });
  add("ProviderClass", "team", "own", { address: "vault.system.svc:8080", tls });
  add("ProviderClass", "other", "own", { address: "vault.other.svc:8080", tls });
  add("ClusterProviderClass", "", "wide", { address: "vault.approved.svc:8080" });
  add("ClusterProviderClass", "", "sealed", { address: "vault.example.com:443", tls });
  add("SecretStore", "team", "inline", { provider: { vault } });
  add("SecretStore", "other", "inline", { provider: { vault } });
  add("SecretStore", "team", "fake", { provider: { fake: { data: [] } } });
  add("SecretStore", "team", "by-own", { provider: { vault }, runtimeRef: { kind: "ProviderClass", name: "own" } });
  add("SecretStore", "other", "by-wide", {
    provider: { vault },
    runtimeRef: { kind: "ClusterProviderClass", name: "wide" },
  });
  add("ClusterSecretStore", "", "by-wide", { provider: { vault }, runtimeRef: { name: "wide" } });
  add("SecretStore", "team", "config-by-own", { providerRef, runtimeRef: { kind: "ProviderClass", name: "own" } });
  add("SecretStore", "team", "config", { providerRef });
  add("ClusterSecretStore", "", "of-caller", { providerRef });
  add("ClusterSecretStore", "", "pinned", { providerRef: pinned });
  add("Provider", "team", "found", { providerRef });
  add("Provider", "team", "at-system", { providerRef, address: "vault.system.svc:8080" });
  add("ClusterProvider", "", "at-approved", { providerRef: pinned, address: "vault.approved.svc:8080" });
  add("ClusterProvider", "", "at-outside", { providerRef: pinned, address: "vault.example.com:443" });
  return cluster;
}

const short = (refs: readonly { readonly kind: string; readonly namespace: string; readonly name: string }[]) =>
  refs.map(({ kind, namespace, name }) => `${kind} ${namespace}/${name}`).toSorted();

test("each change has those looked at again that it may have mended or broken, and nobody else", async (t) => {
  const cluster = await setUp();
  const at = (kind: string, namespace: string, name: string) => ({ kind, key: { namespace, name } });
  const ofClass = (kind: ClassRef["kind"], namespace: string, name: string) =>
    storesOfClass(cluster, { kind, namespace, name });
  const ofConfig = (namespace: string, name = "main", kind = vaultId) =>
    storesOfConfig(cluster, kind, { namespace, name });
  const asking = (serves: string) => storesAskingFor(cluster, parseServes(serves));
  const table: readonly (readonly [what: string, refs: Parameters<typeof short>[0], expected: readonly string[]])[] = [
    ["who serves a key", asking("vault"), ["SecretStore other/inline", "SecretStore team/inline"]],
    ["who serves another key", asking("fake aws"), ["SecretStore team/fake"]],
    [
      "who serves a kind",
      asking(vaultId),
      ["ClusterSecretStore /of-caller", "ClusterSecretStore /pinned", "Provider team/found", "SecretStore team/config"],
    ],
    ["who serves nothing", asking(""), []],
    [
      "a config object",
      ofConfig("team"),
      [
        "ClusterSecretStore /of-caller",
        "Provider team/at-system",
        "Provider team/found",
        "SecretStore team/config",
        "SecretStore team/config-by-own",
      ],
    ],
    [
      "one of an administrator's",
      ofConfig("platform"),
      [
        "ClusterProvider /at-approved",
        "ClusterProvider /at-outside",
        "ClusterSecretStore /of-caller",
        "ClusterSecretStore /pinned",
      ],
    ],
    ["one of a namespace without stores", ofConfig("caller"), ["ClusterSecretStore /of-caller"]],
    ["one that nobody names", ofConfig("team", "other"), []],
    ["one of that name and another kind", ofConfig("team", "main", "Fake.provider.external-secrets.io"), []],
    [
      "a config kind",
      storesWithConfig(cluster),
      [
        "ClusterProvider /at-approved",
        "ClusterProvider /at-outside",
        "ClusterSecretStore /of-caller",
        "ClusterSecretStore /pinned",
        "Provider team/at-system",
        "Provider team/found",
        "SecretStore team/config",
        "SecretStore team/config-by-own",
      ],
    ],
    [
      "core's certificates",
      storesWithoutClass(cluster),
      [
        "ClusterProvider /at-approved",
        "ClusterProvider /at-outside",
        "ClusterSecretStore /of-caller",
        "ClusterSecretStore /pinned",
        "Provider team/at-system",
        "Provider team/found",
        "SecretStore other/inline",
        "SecretStore team/config",
        "SecretStore team/fake",
        "SecretStore team/inline",
      ],
    ],
    ["core's certificates, of classes", classesWithoutSecret(cluster, "system"), ["ClusterProviderClass /wide"]],
    ["a Service", providersTouched(cluster, at("Service", "system", "vault")), ["Provider team/at-system"]],
    ["a Service of another namespace", providersTouched(cluster, at("Service", "team", "vault")), []],
    ["a namespace", providersTouched(cluster, at("Namespace", "", "approved")), ["ClusterProvider /at-approved"]],
    ["a Secret of a Service's name", providersTouched(cluster, at("Secret", "system", "vault")), []],
    [
      "a Service of a class",
      classesTouched(cluster, at("Service", "system", "vault"), "system"),
      ["ProviderClass team/own"],
    ],
    [
      "the namespace of a class's Service",
      classesTouched(cluster, at("Namespace", "", "approved"), "system"),
      ["ClusterProviderClass /wide"],
    ],
    [
      "a tenant's certificates",
      classesTouched(cluster, at("Secret", "team", "tls"), "system"),
      ["ProviderClass team/own"],
    ],
    [
      "certificates of the system",
      classesTouched(cluster, at("Secret", "system", "tls"), "system"),
      ["ClusterProviderClass /sealed"],
    ],
    ["another Secret", classesTouched(cluster, at("Secret", "team", "other"), "system"), []],
    ["slices", classesTouched(cluster, at("EndpointSlice", "system", "vault"), "system"), []],
    [
      "a tenant's class",
      ofClass("ProviderClass", "team", "own"),
      ["SecretStore team/by-own", "SecretStore team/config-by-own"],
    ],
    ["another tenant's class of that name", ofClass("ProviderClass", "other", "own"), []],
    [
      "a class of the cluster",
      ofClass("ClusterProviderClass", "", "wide"),
      ["ClusterSecretStore /by-wide", "SecretStore other/by-wide"],
    ],
  ];
  for (const [what, refs, expected] of table) t.strictSame(short(refs), expected, what);
});
