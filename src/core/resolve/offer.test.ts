import t from "tap";
import { serviceOf } from "../../../test/memory-services.ts";
import { providerNamespaceLabel } from "../../api/provider-namespace.ts";
import type { ServiceObject } from "../../cluster/services.ts";
import { chooseOffer } from "./choose-offer.ts";
import { approvalOf, offerOf, type Offer } from "./offer.ts";
import { parseServes, type Wanted } from "./serves.ts";

const kindId = "Vault.provider.external-secrets.io";
const key: Wanted = { what: "key", name: "vault" };
const kind: Wanted = { what: "kind", name: kindId };

/** What a Service offers where `approved` is a namespace of the administrator's. */
function offer(service: ServiceObject): Offer {
  const isLabelled = service.metadata.namespace === "approved";
  const namespaceLabels = isLabelled ? { [providerNamespaceLabel]: "cluster" } : {};
  return offerOf(service, { systemNamespace: "system", namespaceLabels });
}

t.test("the annotation names keys and kinds, separated by commas or spaces; what has a dot is a kind", (t) => {
  const table: readonly (readonly [text: string | undefined, keys: readonly string[], kinds: readonly string[]])[] = [
    [undefined, [], []],
    ["", [], []],
    [" , ,", [], []],
    ["vault", ["vault"], []],
    [`vault, ${kindId}`, ["vault"], [kindId]],
    [`vault aws\n\tgcpsm,${kindId} ,`, ["vault", "aws", "gcpsm"], [kindId]],
    ["vault,vault", ["vault"], []],
    ["__proto__", ["__proto__"], []],
  ];
  for (const [text, keys, kinds] of table) {
    const serves = parseServes(text);
    t.strictSame([[...serves.keys], [...serves.kinds]], [keys, kinds], String(text));
  }
  t.end();
});

t.test("a Service serves everybody if only administrators write into its namespace", (t) => {
  const table: readonly (readonly [namespace: string, labels: Readonly<Record<string, string>>, approved: boolean])[] =
    [
      ["system", {}, true],
      ["team", {}, false],
      ["team", { [providerNamespaceLabel]: "cluster" }, true],
      ["team", { [providerNamespaceLabel]: "true" }, false],
      ["team", { "external-secrets.io/provider": "true" }, false],
    ];
  for (const [namespace, namespaceLabels, approved] of table) {
    const found = offerOf(serviceOf(`vault.${namespace}`), { systemNamespace: "system", namespaceLabels });
    t.equal(found.approved, approved, `${namespace} ${JSON.stringify(namespaceLabels)}`);
  }
  t.end();
});

t.test("gRPC is at the port of that name, else at the only one, and never at another host", (t) => {
  const [a, b, grpc] = [
    { name: "a", port: 1 },
    { name: "b", port: 2 },
    { name: "grpc", port: 3 },
  ];
  const several = /several ports and none of them is named grpc/;
  const table: readonly (readonly [more: Partial<ServiceObject>, port: number | undefined, problem?: RegExp])[] = [
    [{ ports: [a] }, 1],
    [{ ports: [a, grpc, b] }, 3],
    [{ ports: [a, b] }, undefined, several],
    [{ ports: [] }, undefined, /it has no TCP port$/],
    [{ type: "ExternalName", ports: [grpc] }, undefined, /names another host/],
    [{ clusterIPs: [], ports: [a] }, 1],
  ];
  for (const [more, port, problem] of table) {
    const found = offer(serviceOf("vault.system", {}, more));
    t.equal(found.port?.port, port, JSON.stringify(more));
    if (problem === undefined) t.equal(found.problem, undefined);
    else t.match(found.problem, problem);
  }
  t.end();
});

t.test("the decision on a Service says what it may do, or why not", (t) => {
  const serves = { serves: `vault, aws ${kindId}` };
  const table: readonly (readonly [what: string, service: ServiceObject, approved: boolean, message: RegExp])[] = [
    [
      "of the system",
      serviceOf("vault.system", serves),
      true,
      /^approved: serves Vault\.provider\.external-secrets\.io, aws, vault for every namespace$/,
    ],
    ["of a labelled namespace", serviceOf("vault.approved", serves), true, /^approved: /],
    [
      "without the annotation",
      serviceOf("vault.system"),
      true,
      /serves only what names it: annotation .*\/serves says/,
    ],
    [
      "of a tenant",
      serviceOf("vault.team", serves),
      false,
      /^not approved .*: namespace team is not labelled external-secrets\.io\/provider-namespace=cluster/,
    ],
    [
      "of the system, of another host",
      serviceOf("vault.system", serves, { type: "ExternalName" }),
      false,
      /^serves nobody: it is an ExternalName/,
    ],
  ];
  for (const [what, service, approved, message] of table) {
    t.match(approvalOf(offer(service)), { approved, message }, what);
  }
  t.end();
});

const both = { serves: `vault ${kindId}` };
const at = (created: string) => ({ created: `2026-08-08T${created}:00Z` });
const broken = {
  ports: [
    { name: "a", port: 1 },
    { name: "b", port: 2 },
  ],
};

t.test("of those approved the oldest serves, by name when they are of one age, and all of them are told", (t) => {
  const table: readonly (readonly [
    what: string,
    services: readonly ServiceObject[],
    serves: string,
    others: string | undefined,
  ])[] = [
    ["the only one", [serviceOf("a.system", both)], "system/a", undefined],
    [
      "the older one",
      [serviceOf("a.system", both, at("12:00")), serviceOf("b.approved", both, at("11:00"))],
      "approved/b",
      "system/a",
    ],
    ["of one age", [serviceOf("b.system", both), serviceOf("a.system", both)], "system/a", "system/b"],
    [
      "of one age by namespace first",
      [serviceOf("a.system", both), serviceOf("b.approved", both)],
      "approved/b",
      "system/a",
    ],
    [
      "one that works before an older one that does not",
      [serviceOf("a.system", both, { ...at("09:00"), ...broken }), serviceOf("b.system", both)],
      "system/b",
      undefined,
    ],
    ["one that says nothing of it", [serviceOf("a.system"), serviceOf("b.system", both)], "system/b", undefined],
    [
      "a tenant's, however old",
      [serviceOf("a.team", both, at("01:00")), serviceOf("b.other", both, at("01:00")), serviceOf("c.system", both)],
      "system/c",
      undefined,
    ],
  ];
  for (const wanted of [key, kind]) {
    for (const [what, services, serves, others] of table) {
      for (const each of [services, services.toReversed()]) {
        const { offer: chosen, conflict } = chooseOffer(each.map(offer), wanted, "team");
        t.equal(`${chosen.service.namespace}/${chosen.service.name}`, serves, what);
        const text = others && `${serves}; the others are ${others}: leave one of them`;
        t.equal(conflict?.replace(/^.* is served by the oldest of several approved Services, /, ""), text, what);
      }
    }
  }
  t.end();
});

t.test("a key is served only by those that name the key, a kind only by those that name the kind", (t) => {
  const offers = [serviceOf("a.system", { serves: "vault" }), serviceOf("b.system", { serves: kindId })].map(offer);
  t.equal(chooseOffer(offers, key, "team").offer.service.name, "a");
  t.equal(chooseOffer(offers, kind, "team").offer.service.name, "b");
  t.end();
});

t.test("without an approved one a tenant's own Service serves its config kinds, and never an inline key", (t) => {
  const own = serviceOf("mine.team", both);
  const none = "ProviderNotFound";
  const refused = "ProviderNotApproved";
  const table: readonly (readonly [
    what: string,
    services: readonly ServiceObject[],
    wanted: Wanted,
    namespace: string,
    expected: string,
    message?: RegExp,
  ])[] = [
    ["its own kind", [own], kind, "team", "team/mine"],
    ["the older of its own", [own, serviceOf("old.team", both, at("01:00"))], kind, "team", "team/old"],
    ["one of its own that works", [serviceOf("a.team", both, broken), own], kind, "team", "team/mine"],
    ["the approved one before its own", [own, serviceOf("a.system", both)], kind, "team", "system/a"],
    [
      "its own key",
      [own],
      key,
      "team",
      refused,
      /team\/mine is not approved .* serves no inline key: an administrator/,
    ],
    [
      "its own that does not work",
      [serviceOf("a.team", both, broken)],
      kind,
      "team",
      refused,
      /team\/a .* several ports/,
    ],
    ["another tenant's kind", [own], kind, "other", none],
    ["another tenant's key", [own], key, "other", none],
    ["an object of the cluster", [own], kind, "", none],
    ["nobody at all", [], key, "team", none],
  ];
  for (const [what, services, wanted, namespace, expected, message = /./] of table) {
    const choose = () => chooseOffer(services.map(offer), wanted, namespace);
    if (expected.includes("/")) {
      const { service } = choose().offer;
      t.equal(`${service.namespace}/${service.name}`, expected, what);
      continue;
    }
    t.throws(choose, { reason: expected, message }, what);
    // What other tenants have is nobody's business.
    if (namespace !== "team") t.throws(choose, { message: /^no approved provider serves (?!.*(team|mine))/ }, what);
  }
  t.end();
});

t.test("an approved one that cannot be dialled is said to be so, and no tenant's takes its place", (t) => {
  const services = [serviceOf("a.system", both, broken), serviceOf("mine.team", both)];
  t.throws(() => chooseOffer(services.map(offer), kind, "team"), {
    reason: "ProviderUnavailable",
    message: /^Service system\/a is approved to serve Vault\.provider\.external-secrets\.io, but it has several ports/,
  });
  t.end();
});

t.test("foreign text is escaped in what is said", (t) => {
  t.throws(() => chooseOffer([], { what: "key", name: "a\u001b[31m" }, ""), { message: /spec\.provider\.a\\x1b\[31m/ });
  t.end();
});
