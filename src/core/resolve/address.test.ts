import t from "tap";
import { UsageError } from "../../process/settings.ts";
import { parseAddress, serviceOf } from "./address.ts";
import { providerNamespaceLabel } from "../../api/provider-namespace.ts";
import { addressRefusal, classRefusal, namespaceInQuestion, type AddressQuestion } from "./approvals.ts";
import { parseAddresses } from "./allow-address-flag.ts";
import { createLookup, LookupError } from "./lookup.ts";
import { parseResolve } from "./resolve-flag.ts";

const never = new AbortController().signal;

t.test("an address is a DNS name and a port, and nothing else", (t) => {
  const table: readonly (readonly [text: string, host: string | undefined, port?: number])[] = [
    ["vault.providers.svc:8080", "vault.providers.svc", 8080],
    ["vault.providers.svc.cluster.local:1", "vault.providers.svc.cluster.local", 1],
    ["localhost:65535", "localhost", 65_535],
    [`${"a".repeat(63)}.b:80`, `${"a".repeat(63)}.b`, 80],
    ...[
      "vault.providers.svc",
      "vault.providers.svc:0",
      "vault.providers.svc:08",
      "vault.providers.svc:65536",
      "Vault.providers.svc:80",
      "vault.providers.svc.:80",
      "-a.b:80",
      "a_b.c:80",
      "127.0.0.1:80",
      "vault.127:80",
      "2130706433:80",
      "0x7f.1:80",
      "0x7f000001:80",
      "127.0.0.0x1:80",
      "[::1]:80",
      "dns:///vault.providers.svc:80",
      "unix:/run/x:80",
      "https://vault.providers.svc:80",
      "a@b.c:80",
      "a.b:80/path",
      "a.b:80\n",
      " a.b:80",
      "a..b:80",
      "",
      `${"a".repeat(64)}.b:80`,
      `${"a.".repeat(127)}a.a:80`,
    ].map((text) => [text, undefined] as const),
  ];
  for (const [text, host, port] of table) {
    t.strictSame(parseAddress(text), host === undefined ? undefined : { host, port }, JSON.stringify(text));
  }
  t.end();
});

t.test("only names of the cluster's own domain are Services", (t) => {
  const service = { name: "vault", namespace: "providers" };
  for (const [host, expected] of [
    ["vault.providers.svc", service],
    ["vault.providers.svc.cluster.local", service],
    ["vault.providers", undefined],
    ["vault.providers.svc.evil.example", undefined],
    ["pod.vault.providers.svc", undefined],
    ["svc", undefined],
  ] as const) {
    t.strictSame(serviceOf(host), expected, host);
  }
  t.end();
});

t.test("--resolve takes a name, a port and where to dial", (t) => {
  const resolved = parseResolve([
    "vault.providers.svc:8080=127.0.0.1",
    "vault.providers.svc:8081=127.0.0.1:4711",
    "fake.providers.svc:80=[::1]",
    "other.providers.svc:80=[::1]:4712",
  ]);
  t.strictSame(
    [...resolved],
    [
      ["vault.providers.svc:8080", "127.0.0.1:8080"],
      ["vault.providers.svc:8081", "127.0.0.1:4711"],
      ["fake.providers.svc:80", "[::1]:80"],
      ["other.providers.svc:80", "[::1]:4712"],
    ],
  );
  for (const entry of [
    "",
    "a.b=127.0.0.1",
    "a.b:80",
    "a.b:80=",
    "a.b:80=localhost",
    "a.b:80=::1",
    "a.b:80=[127.0.0.1]",
    "a.b:80=127.0.0.1:0",
    "a.b:80=127.0.0.1:65536",
    "a.b:80=127.1",
    "127.0.0.1:80=127.0.0.1",
  ]) {
    t.throws(() => parseResolve([entry]), UsageError, entry);
  }
  t.end();
});

t.test("--allow-address takes names with a port, and nothing else", (t) => {
  t.strictSame([...parseAddresses(["vault.example.com:8443"])], ["vault.example.com:8443"]);
  for (const entry of ["", "vault.example.com", "10.0.0.1:80", "https://vault.example.com:443"]) {
    t.throws(() => parseAddresses([entry]), UsageError, entry);
  }
  t.end();
});

t.test("who may lead to which address", (t) => {
  const own = { name: "p", namespace: "team" };
  const foreign = { name: "p", namespace: "other" };
  const ofSystem = { name: "p", namespace: "system" };
  const approved = { [providerNamespaceLabel]: "cluster" };
  const unlabelled = { labelled: false };
  const another = /it names another one, in namespace other$/;
  const none = /names a Service that is no provider: namespace \S+ has no Service \S+ with label/;
  const table: readonly (readonly [
    what: string,
    namespace: string,
    service: typeof own | undefined,
    more: Partial<Pick<AddressQuestion, "labelled" | "vouchedFor" | "namespaceLabels">>,
    refusal: RegExp | undefined,
  ])[] = [
    ["a tenant to its own Service", "team", own, {}, undefined],
    ["a tenant to its own Service without the label", "team", own, unlabelled, /no Service p with label/],
    ["a tenant to a Service of the system", "team", ofSystem, {}, undefined],
    ["a tenant to a Service of a labelled namespace", "team", foreign, { namespaceLabels: approved }, undefined],
    ["a tenant to another tenant's Service", "team", foreign, {}, another],
    ["a tenant to another tenant's that is not there", "team", foreign, unlabelled, another],
    ["a label of another value", "team", foreign, { namespaceLabels: { [providerNamespaceLabel]: "true" } }, another],
    [
      "the API server's Service",
      "team",
      { name: "kubernetes", namespace: "default" },
      unlabelled,
      /in namespace default$/,
    ],
    [
      "the API server's Service, by an administrator",
      "",
      { name: "kubernetes", namespace: "default" },
      unlabelled,
      none,
    ],
    ["the webhook's Service", "team", { name: "outboard-webhook", namespace: "system" }, unlabelled, none],
    [
      "the webhook's Service, by an administrator",
      "",
      { name: "outboard-webhook", namespace: "system" },
      unlabelled,
      none,
    ],
    ["--resolve names it, and it is another tenant's all the same", "team", foreign, { vouchedFor: true }, another],
    ["--resolve names what has no label", "team", own, { labelled: false, vouchedFor: true }, undefined],
    [
      "--resolve names what has no label, for an administrator",
      "",
      foreign,
      { labelled: false, vouchedFor: true },
      undefined,
    ],
    ["an administrator to any Service", "", foreign, {}, undefined],
    ["an administrator to one without the label", "", foreign, unlabelled, none],
    ["a tenant to what is no Service", "team", undefined, unlabelled, /no Service of the cluster/],
    ["an administrator to what is no Service", "", undefined, unlabelled, /no Service of the cluster/],
    [
      "what is no Service and an administrator names",
      "team",
      undefined,
      { labelled: false, vouchedFor: true },
      undefined,
    ],
  ];
  for (const [what, namespace, service, more, refusal] of table) {
    const question = {
      namespace,
      service,
      labelled: true,
      vouchedFor: false,
      systemNamespace: "system",
      namespaceLabels: {},
      ...more,
    };
    const found = addressRefusal(question);
    if (refusal === undefined) t.equal(found, undefined, what);
    else t.match(found, refusal, what);
  }
  t.end();
});

t.test("which kind of class a store may use, and whose namespace its conditions are about", (t) => {
  const refused = (storeKind: string, classKind: string) => classRefusal({ storeKind, classKind }) !== undefined;
  t.equal(refused("SecretStore", "ProviderClass"), false);
  t.equal(refused("SecretStore", "ClusterProviderClass"), false);
  t.equal(refused("ClusterSecretStore", "ClusterProviderClass"), false);
  t.equal(refused("ClusterSecretStore", "ProviderClass"), true);
  t.equal(namespaceInQuestion({ kind: "SecretStore", namespace: "team", callerNamespace: "caller" }), "team");
  t.equal(namespaceInQuestion({ kind: "ClusterSecretStore", namespace: "", callerNamespace: "caller" }), "caller");
  t.equal(namespaceInQuestion({ kind: "ClusterSecretStore", namespace: "", callerNamespace: "" }), "");
  t.end();
});

t.test("a name is looked up once in five seconds, and its address lasts while it can", async (t) => {
  let now = 0;
  let ips: readonly string[] = ["10.0.0.1", "10.0.0.2"];
  const asked: string[] = [];
  const addressesOf = async (host: string) => {
    asked.push(host);
    if (ips.length === 0) throw new Error("ENOTFOUND");
    return ips;
  };
  const table = parseResolve(["a.b.svc:80=127.0.0.1:4711"]);
  const lookup = createLookup({ table, now: () => now, addressesOf });
  const find = (host: string, port = 8080) => lookup({ host, port }, never);
  t.equal(await find("a.b.svc", 80), "127.0.0.1:4711", "--resolve goes first, loopback or not");
  t.strictSame(asked, []);
  t.strictSame(await Promise.all([find("a.b.svc"), find("a.b.svc", 81)]), ["10.0.0.1:8080", "10.0.0.1:81"]);
  t.equal(asked.length, 1, "two who ask at a time share");
  ips = ["10.0.0.2", "10.0.0.1"];
  now = 5_000;
  t.equal(await find("a.b.svc"), "10.0.0.1:8080", "the one in use stays");
  ips = ["fd00::2"];
  now = 10_000;
  t.equal(await find("a.b.svc"), "[fd00::2]:8080");
  ips = [];
  now = 15_000;
  await t.rejects(find("a.b.svc"), LookupError);
  ips = ["10.0.0.9"];
  t.equal(await find("a.b.svc"), "10.0.0.9:8080", "a failure is not kept");
});

t.test("addresses that no pod has are refused", async (t) => {
  for (const ip of [
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",
    "169.254.169.254",
    "224.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "fe80::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
  ]) {
    const lookup = createLookup({ table: new Map(), now: () => 0, addressesOf: async () => [ip] });
    await t.rejects(lookup({ host: "a.b.svc", port: 80 }, never), LookupError, ip);
    const both = createLookup({ table: new Map(), now: () => 0, addressesOf: async () => [ip, "10.0.0.1"] });
    t.equal(await both({ host: "a.b.svc", port: 80 }, never), "10.0.0.1:80");
  }
  const slow = createLookup({ table: new Map(), now: () => 0, addressesOf: () => new Promise(() => {}) });
  await t.rejects(slow({ host: "a.b.svc", port: 80 }, AbortSignal.abort()), { code: "Cancelled" });
});
