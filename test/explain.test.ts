import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "tap";
import { createCa, issueLeaf } from "../src/certs/issue.ts";
import { apiServerMissing, startApiServer, type ApiServer } from "./api-server.ts";
import { externalSecretOf } from "./core-process.ts";
import { applyCrds } from "./crds/server.ts";
import { plantSecret } from "./e2e/outboard.ts";
import { plainCommand } from "./plain-command.ts";
import { systemNamespace } from "./shipped-process.ts";
import { dist } from "./test-bundles.ts";

const space = "team-a";
const service = "provider-fake";
const host = `${service}.${systemNamespace}.svc`;

/** Runs the bundle as it was built, with the rights of a kubeconfig. */
function explain(kubeconfig: string, ...flags: readonly string[]) {
  const args = ["explain", "externalsecret", "app", "-n", space, "--kubeconfig", kubeconfig, ...flags];
  const command = plainCommand(process.execPath, [join(dist, "core", "outboard.cjs"), ...args]);
  const { status, stdout, stderr } = spawnSync(...command, { encoding: "utf8" });
  return { status, said: stdout + stderr };
}

const object = (apiVersion: string, kind: string, name: string, spec: object) => ({
  apiVersion,
  kind,
  metadata: { name },
  spec,
});

const store = (spec: object) => object("external-secrets.io/v1", "SecretStore", "main", spec);
const inline = store({ provider: { fake: { data: [] } } });

test("explain follows an ExternalSecret to where it stops", { skip: apiServerMissing() }, async (t) => {
  const api = await startApiServer();
  t.teardown(() => api.stop());
  await applyCrds(api);
  for (const name of [space, systemNamespace]) await api.kubectl(["create", "namespace", name]);
  const apply = (namespace: string, ...objects: readonly object[]) =>
    api.kubectl(
      ["-n", namespace, "apply", "--server-side", "--force-conflicts", "-f", "-"],
      objects.map((each) => JSON.stringify(each)).join("\n---\n"),
    );
  const setStatus = async (path: string, status: object) => {
    const url = `/apis/external-secrets.io/v1/namespaces/${space}/${path}/status`;
    const { status: code } = await api.request("PATCH", url, { status }, "application/merge-patch+json");
    t.equal(code, 200, path);
  };
  const certificate = await certificates();
  const planted = plantSecret();
  const tls = (name: string, pair: { readonly certPem: string }) => ({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: `external-secrets-provider-tls-${name}` },
    stringData: { "tls.crt": pair.certPem, "tls.key": planted },
  });
  const ready = (status: string, reason: string, message: string) => ({
    conditions: [{ type: "Ready", status, reason, message }],
  });

  /** What is done, and where it stops then. */
  const steps: readonly (readonly [what: string, act: () => Promise<unknown>, says: RegExp])[] = [
    [
      "no ExternalSecret",
      async () => undefined,
      /STOPS {2}reference +namespace team-a has no ExternalSecret app; create it/,
    ],
    [
      "no store",
      () => apply(space, externalSecretOf("db")),
      /STOPS {2}reference +SecretStore team-a\/main is not there; create it/,
    ],
    [
      "a config kind that is not served",
      () => apply(space, store({ providerRef: { apiVersion: "acme.example/v1", kind: "Chef", name: "x" } })),
      /STOPS {2}store +Chef of acme\.example\/v1 is no config kind that is served here, or none that core may list; apply its Custom/,
    ],
    [
      "a config object that is not there",
      () =>
        apply(
          space,
          store({ providerRef: { apiVersion: "provider.external-secrets.io/v2alpha1", kind: "Fake", name: "x" } }),
        ),
      /STOPS {2}store +SecretStore "main" names Fake "x", which namespace "team-a" does not have/,
    ],
    [
      "a class that is not there",
      () => apply(space, store({ provider: { fake: { data: [] } }, runtimeRef: { kind: "ProviderClass", name: "x" } })),
      /ok +store +asks for spec\.provider\.fake\n +STOPS {2}provider +ProviderClass "x" not found/,
    ],
    [
      "no provider",
      () => apply(space, inline),
      /STOPS {2}provider +no approved provider serves spec\.provider\.fake; an administrator/,
    ],
    [
      "a Service without pods",
      () => apply(systemNamespace, providerService()),
      /ok +provider +approved Service provider-fake\.external-secrets\.svc:8080\n +STOPS {2}endpoint .*no pod of it is ready; look at/,
    ],
    [
      "no certificate",
      () => apply(systemNamespace, slice()),
      /ok +endpoint +10\.1\.2\.3:8080\n +STOPS {2}certificate +Secret external-secrets\/external-secrets-provider-tls-provider-fake is not there/,
    ],
    [
      "an expired certificate",
      () => apply(systemNamespace, tls(service, certificate.expired)),
      /STOPS {2}certificate +it has expired/,
    ],
    [
      "one for another name",
      () => apply(systemNamespace, tls(service, certificate.other)),
      /STOPS {2}certificate +it is not for provider-fake/,
    ],
    [
      "a store that nobody looked at",
      () => apply(systemNamespace, tls(service, certificate.good)),
      /STOPS {2}backend +core has not looked at the store/,
    ],
    [
      "a backend that says no",
      () => setStatus("secretstores/main", ready("False", "InvalidProviderConfig", "unable to validate store")),
      /STOPS {2}backend +InvalidProviderConfig: unable to validate store/,
    ],
    [
      "a value that cannot be had",
      async () => {
        await setStatus("secretstores/main", ready("True", "Valid", "store validated"));
        await setStatus(
          "externalsecrets/app",
          ready("False", "SecretSyncedError", "could not get secret data from provider"),
        );
      },
      /ok +backend +Valid: store validated\n +STOPS {2}result +SecretSyncedError: could not get/,
    ],
  ];
  for (const [what, act, says] of steps) {
    await act();
    const { status, said } = explain(api.adminKubeconfig);
    t.equal(status, 1, what);
    t.match(said, says);
    t.equal(said.match(/STOPS/g)?.length, 1, "one place, the last");
    t.notOk(said.includes(planted), "no key is shown");
  }
  await setStatus("externalsecrets/app", ready("True", "SecretSynced", "secret synced"));
  t.match(explain(api.adminKubeconfig), { status: 0, said: /\nnothing stops it\n$/ });

  await t.test("a tenant sees what its rights show, and is told what they do not", async (t) => {
    const tenant = await tenantOf(api);
    const { status, said } = explain(tenant);
    t.equal(status, 0);
    t.match(said, /ok +reference +SecretStore "main"/);
    t.match(said, /\? +provider +.*forbidden/i);
    t.match(said, /nothing stops it as far as you may see \(\d not seen\)\n$/);
  });

  t.match(explain("/nowhere/config"), { status: 1, said: /config/ }, "no kubeconfig");
});

/** Certificates of the Service's name, and others. */
async function certificates() {
  const day = 24 * 3_600_000;
  const ca = await createCa({ commonName: "explain", validity: 3 * day, now: Date.now() - 2 * day });
  const leaf = (dnsNames: readonly string[], now = Date.now()) =>
    issueLeaf({ ca, usage: "server", dnsNames: [...dnsNames], validity: day, now });
  return {
    good: await leaf([host]),
    other: await leaf(["other.svc"]),
    expired: await leaf([host], Date.now() - 2 * day),
  };
}

function providerService(): object {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: {
      name: service,
      labels: { "external-secrets.io/provider": "true" },
      annotations: { "external-secrets.io/serves": "fake" },
    },
    spec: { clusterIP: "None", ports: [{ name: "grpc", port: 8080 }] },
  };
}

function slice(): object {
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { name: `${service}-1`, labels: { "kubernetes.io/service-name": service } },
    addressType: "IPv4",
    ports: [{ name: "grpc", port: 8080, protocol: "TCP" }],
    endpoints: [
      {
        addresses: ["10.1.2.3"],
        conditions: { ready: true },
        targetRef: { kind: "Pod", namespace: systemNamespace, name: "p" },
      },
    ],
  };
}

/** Kubeconfig of an account that may read its own namespace's objects of ours, and nothing else. */
async function tenantOf(api: ApiServer): Promise<string> {
  const rules = [{ apiGroups: ["external-secrets.io"], resources: ["*"], verbs: ["get", "list"] }];
  return (await api.serviceAccount(space, "tenant", { namespace: space, rules })).kubeconfig;
}
