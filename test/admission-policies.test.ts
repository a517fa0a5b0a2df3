import { join } from "node:path";
import { test } from "tap";
import { policiesRule, refusedBy } from "./admission.ts";
import { apiServerMissing, startApiServer } from "./api-server.ts";
import type { ApiAnswer } from "./api-access.ts";
import { until } from "./e2e/outboard.ts";
import { root } from "./test-bundles.ts";

const system = "external-secrets";
const labelled = "secret-providers";
const tenant = "team";
const certs = `system:serviceaccount:${system}:outboard-certs`;
const core = `system:serviceaccount:${system}:outboard-core`;
/** May do everything with Secrets. */
const bystander = `system:serviceaccount:${system}:bystander`;
/** May do everything with Namespaces, the other also name providers for the whole cluster. */
const [namespaceEditor, providerAdmin] = ["namespace-editor", "provider-admin"];

const ours = { "external-secrets.io/system": system };
const tls = "kubernetes.io/tls";
const accountToken = "kubernetes.io/service-account-token";
const bootstrapToken = "bootstrap.kubernetes.io/token";
const shared = "external-secrets-provider-tls";
const providerLabel = "external-secrets.io/provider-namespace";

/** Somebody asks for something, with every right that a Role can give. */
interface Row {
  readonly what: string;
  readonly who: string;
  readonly request: readonly [method: "POST" | "PATCH" | "PUT", path: string, body: object];
  /** The policy that refuses it; undefined: it is done. */
  readonly policy?: string;
}

interface SecretOf {
  readonly namespace?: string;
  readonly name: string;
  readonly type?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

function secretOf({ name, type = tls, labels = ours }: SecretOf): object {
  const data = type === tls ? { "tls.crt": "", "tls.key": "" } : {};
  const annotations = { "kubernetes.io/service-account.name": "default" };
  return { metadata: { name, labels, annotations }, type, data };
}

function create(who: string, secret: SecretOf, policy?: string): Row {
  const { namespace = system, name, type = tls, labels = ours } = secret;
  const label = labels === ours ? "" : ` labelled ${JSON.stringify(labels)}`;
  const what = `${who} ${policy === undefined ? "makes" : "does not make"} ${namespace}/${name} of type ${type}${label}`;
  const request = ["POST", `/api/v1/namespaces/${namespace}/secrets`, secretOf(secret)] as const;
  return { what, who, request, ...(policy !== undefined && { policy }) };
}

function patch(who: string, name: string, body: object, policy?: string): Row {
  const what = `${who} ${policy === undefined ? "patches" : "does not patch"} ${name} with ${JSON.stringify(body)}`;
  return {
    what,
    who,
    request: ["PATCH", `/api/v1/namespaces/${system}/secrets/${name}`, body],
    ...(policy !== undefined && { policy }),
  };
}

/** What is there before, in the system namespace. */
const present: readonly SecretOf[] = [
  { name: `${shared}-own` },
  { name: `${shared}-unlabelled`, labels: {} },
  { name: `${shared}-of-another`, labels: { "external-secrets.io/system": "another" } },
  { name: `${shared}-opaque`, type: "Opaque" },
  { name: "database" },
  { name: "account-token", type: accountToken },
  { name: "plain", type: "Opaque", labels: {} },
];

const relabelled = { metadata: { labels: ours } };
const ofCerts: readonly Row[] = [
  create(certs, { name: "eso-provider-ca-internal", type: "Opaque" }),
  create(certs, { name: "eso-provider-client-tls" }),
  create(certs, { name: "eso-provider-webhook-client-tls" }),
  create(certs, { name: "eso-provider-backup-job-client-tls" }),
  create(certs, { name: `${shared}-vault` }),
  create(certs, { namespace: labelled, name: `${shared}-vault` }),
  create(certs, { namespace: tenant, name: shared }),
  patch(certs, `${shared}-own`, {}),
  patch(certs, `${shared}-own`, { data: { clients: "" } }),
  create(certs, { name: "payroll" }, "outboard-certs"),
  create(certs, { name: "eso-provider-other" }, "outboard-certs"),
  create(certs, { name: `${shared}ed` }, "outboard-certs"),
  create(certs, { name: "eso-provider-ca-internal" }, "outboard-certs"),
  create(certs, { name: "eso-provider-ca-internal", type: accountToken }, "outboard-certs"),
  create(certs, { name: "eso-provider-client-tls", type: accountToken }, "outboard-certs"),
  create(certs, { name: `${shared}-vault`, type: accountToken }, "outboard-certs"),
  create(certs, { name: `${shared}-vault`, type: "Opaque" }, "outboard-certs"),
  create(certs, { name: `${shared}-vault`, labels: {} }, "outboard-certs"),
  create(certs, { name: `${shared}-vault`, labels: { "external-secrets.io/system": "another" } }, "outboard-certs"),
  create(certs, { namespace: labelled, name: "eso-provider-ca-internal", type: "Opaque" }, "outboard-certs"),
  create(certs, { namespace: labelled, name: "eso-provider-client-tls" }, "outboard-certs"),
  create(certs, { namespace: tenant, name: `${shared}-vault` }, "outboard-certs"),
  create(certs, { namespace: tenant, name: "eso-provider-ca-internal", type: "Opaque" }, "outboard-certs"),
  create(certs, { namespace: tenant, name: "eso-provider-client-tls" }, "outboard-certs"),
  create(certs, { namespace: "kube-system", name: "bootstrap-token-abcdef", type: bootstrapToken }, "outboard-certs"),
  patch(certs, `${shared}-unlabelled`, {}, "outboard-certs"),
  patch(certs, `${shared}-unlabelled`, relabelled, "outboard-certs"),
  patch(certs, `${shared}-of-another`, relabelled, "outboard-certs"),
  patch(certs, `${shared}-opaque`, {}, "outboard-certs"),
  patch(certs, `${shared}-own`, { metadata: { labels: { "external-secrets.io/system": null } } }, "outboard-certs"),
  patch(certs, "database", {}, "outboard-certs"),
  patch(certs, "account-token", {}, "outboard-certs"),
  create(certs.replace(system, tenant), { namespace: system, name: `${shared}-vault` }, "outboard-certs"),
  create(bystander, { name: "database-2" }),
  patch(bystander, `${shared}-unlabelled`, relabelled),
];

const ofCore: readonly Row[] = [
  create(core, { name: "app", type: "Opaque", labels: {} }),
  create(core, { namespace: tenant, name: "app", labels: {} }),
  patch(core, "plain", { metadata: { labels: { a: "b" } } }),
  create(core, { name: "app", type: accountToken, labels: {} }, "outboard-core"),
  create(core, { namespace: tenant, name: "app", type: accountToken, labels: {} }, "outboard-core"),
  create(core, { namespace: "kube-system", name: "bootstrap-token-abcdef", type: bootstrapToken }, "outboard-core"),
  create(core.replace(system, tenant), { namespace: tenant, name: "app", type: accountToken }, "outboard-core"),
  patch(core, "account-token", { metadata: { labels: { a: "b" } } }, "outboard-core"),
  create(bystander, { name: "app", type: accountToken, labels: {} }),
];

const namespaceChanges: readonly (readonly [what: string, ...request: Row["request"]])[] = [
  ["sets the label", "PATCH", `/api/v1/namespaces/${tenant}`, { metadata: { labels: { [providerLabel]: "cluster" } } }],
  ["sets it to nothing", "PATCH", `/api/v1/namespaces/${tenant}`, { metadata: { labels: { [providerLabel]: "" } } }],
  ["makes one with the label", "POST", "/api/v1/namespaces", labelledNamespace("more", "cluster")],
  ["changes the label", "PATCH", `/api/v1/namespaces/${labelled}`, { metadata: { labels: { [providerLabel]: "x" } } }],
  [
    "takes the label off",
    "PATCH",
    `/api/v1/namespaces/${labelled}`,
    { metadata: { labels: { [providerLabel]: null } } },
  ],
  ["takes all labels off", "PATCH", `/api/v1/namespaces/${labelled}`, { metadata: { labels: null } }],
  ["sets it by the status", "PUT", `/api/v1/namespaces/${tenant}/status`, labelledNamespace(tenant, "cluster")],
  ["sets it by the finalizer", "PUT", `/api/v1/namespaces/${tenant}/finalize`, labelledNamespace(tenant, "cluster")],
];
const ofNamespaces: readonly Row[] = [
  ...namespaceChanges.flatMap(([what, ...request]) => [
    { what: `${namespaceEditor}: ${what}: no`, who: namespaceEditor, request, policy: "outboard-provider-namespace" },
    { what: `${providerAdmin}: ${what}`, who: providerAdmin, request },
  ]),
  ...[tenant, labelled].map((namespace): Row => {
    const body = { metadata: { labels: { a: "b" } } };
    const request = ["PATCH", `/api/v1/namespaces/${namespace}`, body] as const;
    return { what: `${namespaceEditor} labels ${namespace} otherwise`, who: namespaceEditor, request };
  }),
  {
    what: `${namespaceEditor} makes a namespace`,
    who: namespaceEditor,
    request: ["POST", "/api/v1/namespaces", { metadata: { name: "more" } }],
  },
];

function labelledNamespace(name: string, value: string): object {
  return { apiVersion: "v1", kind: "Namespace", metadata: { name, labels: { [providerLabel]: value } } };
}

test("the shipped admission policies", { skip: apiServerMissing() }, async (t) => {
  const api = await startApiServer();
  t.teardown(() => api.stop());
  await api.kubectl(["apply", "-k", join(root, "deploy", "kustomize", "base")]);
  await api.kubectl(["create", "namespace", tenant]);
  await api.request("POST", "/api/v1/namespaces", labelledNamespace(labelled, "cluster"));
  const accounts = [certs, core, certs.replace(system, tenant), core.replace(system, tenant), bystander];
  await give("every-secret", accounts, { apiGroups: [""], resources: ["secrets"], verbs: ["*"] });
  const namespaces = ["namespaces", "namespaces/status", "namespaces/finalize"];
  await give("every-namespace", [namespaceEditor, providerAdmin], {
    apiGroups: [""],
    resources: namespaces,
    verbs: ["*"],
  });
  await give("provider-classes", [providerAdmin], {
    apiGroups: ["external-secrets.io"],
    resources: ["clusterproviderclasses"],
    verbs: ["create"],
  });
  for (const secret of present) {
    const { status, body } = await api.request("POST", `/api/v1/namespaces/${system}/secrets`, secretOf(secret));
    t.equal(status, 201, JSON.stringify(body));
  }
  await policiesRule(api);

  /** Asked, and checked, without being kept. */
  const ask = ({ who, request: [method, path, body] }: Row): Promise<ApiAnswer> => {
    const type = method === "PATCH" ? "application/merge-patch+json" : "application/json";
    return api.as(who).request(method, `${path}?dryRun=All`, body, type);
  };
  const isDone = ({ status }: ApiAnswer) => status === 200 || status === 201;
  const tables = {
    "of the certificate controller": ofCerts,
    "of core": ofCore,
    "of provider namespaces": ofNamespaces,
  };
  for (const [name, rows] of Object.entries(tables)) {
    await t.test(name, async (t) => {
      for (const row of rows) {
        const answer = await ask(row);
        if (row.policy === undefined) t.ok(isDone(answer), `${row.what}: ${JSON.stringify(answer)}`);
        else t.ok(refusedBy(row.policy, answer), `${row.what}: ${JSON.stringify(answer)}`);
      }
    });
  }

  await t.test("without the policies nothing else refuses it", async (t) => {
    await api.kubectl(["delete", "validatingadmissionpolicybindings", "--all"]);
    for (const row of Object.values(tables).flat()) {
      if (row.policy === undefined) continue;
      let answer: ApiAnswer | undefined;
      await until(
        async () => isDone((answer = await ask(row))),
        () => `${row.what}: ${JSON.stringify(answer)}`,
      );
      t.pass(row.what);
    }
  });

  async function give(name: string, users: readonly string[], rule: object): Promise<void> {
    const apiGroup = "rbac.authorization.k8s.io";
    const role = { metadata: { name }, rules: [rule] };
    await api.request("POST", `/apis/${apiGroup}/v1/clusterroles`, role);
    await api.request("POST", `/apis/${apiGroup}/v1/clusterrolebindings`, {
      metadata: { name },
      roleRef: { apiGroup, kind: "ClusterRole", name },
      subjects: users.map((user) => ({ apiGroup, kind: "User", name: user })),
    });
  }
});
