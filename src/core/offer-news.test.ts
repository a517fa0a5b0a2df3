import { test } from "tap";
import { createMemoryServices, serviceOf } from "../../test/memory-services.ts";
import { virtualClock } from "../../test/virtual-clock.ts";
import { OfferNews } from "./offer-news.ts";
import type { Serves } from "./resolve/serves.ts";

const key = { namespace: "system", name: "vault" };
const start = Date.parse("2026-08-08T12:00:00Z");
const minutes = 60_000;
const vault = { serves: "vault" };

function setUp(first: Parameters<typeof createMemoryServices>[0] = []) {
  const clock = virtualClock(start);
  const labels = new Map<string, Readonly<Record<string, string>>>();
  const services = createMemoryServices(first);
  const cluster = { get: () => undefined, namespace: (name: string) => ({ name, labels: labels.get(name) ?? {} }) };
  const news = new OfferNews({ cluster, services, systemNamespace: "system" }, clock);
  const told = (of = key) => services.eventsOf(of).map(({ type, reason }) => `${type} ${reason}`);
  return { clock, labels, services, news, told };
}

const names = (serves: Serves | undefined) => serves && [...serves.keys, ...serves.kinds];

test("at start only Services of the last ten minutes are told of, and none is news", (t) => {
  const created = (time: string) => ({ created: `2026-08-08T${time}Z` });
  const { services, news, told } = setUp([
    serviceOf("old.system", vault, created("11:50:00")),
    serviceOf("new.system", vault, created("11:50:01")),
    serviceOf("tenants.team", vault, created("11:59:59")),
  ]);
  news.start();
  t.strictSame(told({ namespace: "system", name: "old" }), []);
  t.strictSame(told({ namespace: "system", name: "new" }), ["Normal ProviderApproved"]);
  t.strictSame(told({ namespace: "team", name: "tenants" }), ["Warning ProviderNotApproved"]);
  for (const { metadata } of services.services()) t.equal(news.seen(metadata), undefined, metadata.name);
  t.end();
});

test("a Service has one event in ten minutes, and in the end the latest is told", (t) => {
  const { clock, services, news, told } = setUp();
  const becomes = (serves: string) => {
    services.put(serviceOf("vault.system", { serves }));
    news.seen(key);
  };
  becomes("vault");
  t.equal(told().length, 1);
  t.match(services.eventsOf(key)[0]?.message, /^approved: serves vault for every namespace$/);
  becomes("gcp");
  clock.advance(10 * minutes - 1);
  becomes("aws");
  t.equal(told().length, 1);
  services.put(serviceOf("other.system", vault));
  news.seen({ namespace: "system", name: "other" });
  t.equal(told({ namespace: "system", name: "other" }).length, 1, "each has its own");
  clock.advance(1);
  t.match(services.eventsOf(key)[1]?.message, /^approved: serves aws for every namespace$/);
  becomes("vault");
  becomes("aws");
  clock.advance(10 * minutes);
  becomes("aws");
  t.equal(told().length, 2, "what is not news is not told");
  becomes("vault");
  news.stop();
  clock.advance(10 * minutes);
  t.equal(told().length, 2, "nothing after the end");
  t.end();
});

test("what a Service serves or served is news when anything that leads to it changes, and only then", (t) => {
  const { labels, services, news } = setUp();
  const seen = (
    text: string,
    ...more: readonly [Parameters<typeof serviceOf>[1], Parameters<typeof serviceOf>[2]?]
  ) => {
    const service = serviceOf(text, ...more);
    services.put(service);
    return names(news.seen(service.metadata));
  };
  t.strictSame(seen("vault.system", vault), ["vault"]);
  t.equal(seen("vault.system", vault), undefined, "the same again");
  t.strictSame(seen("vault.system", { serves: "aws Vault.a.b" }), ["vault", "aws", "Vault.a.b"], "before and now");
  t.strictSame(seen("vault.system", {}), ["aws", "Vault.a.b"], "what lost its annotation");
  t.strictSame(seen("vault.system", vault), ["vault"]);
  t.strictSame(seen("vault.system", vault, { ports: [{ name: "grpc", port: 9 }] }), ["vault"], "another port");
  t.strictSame(seen("vault.system", vault, { type: "ExternalName" }), ["vault"], "another type");
  t.strictSame(seen("vault.system", { ...vault, dial: "Service" }), ["vault"], "another way to dial it");
  t.strictSame(seen("vault.system", { ...vault, dial: "Service" }, { clusterIPs: ["10.96.0.2"] }), ["vault"]);

  t.strictSame(seen("vault.team", vault), ["vault"]);
  labels.set("team", { "external-secrets.io/provider-namespace": "cluster" });
  t.strictSame(seen("vault.team", vault), ["vault"], "an administrator labelled its namespace");
  t.strictSame(news.ofNamespace("team"), [{ namespace: "team", name: "vault" }]);
  t.end();
});

test("a Service that is gone or has lost its label is news, and so is its return", (t) => {
  const { clock, services, news, told } = setUp();
  services.put(serviceOf("vault.system", vault));
  t.strictSame(names(news.seen(key)), ["vault"]);
  services.remove(key);
  t.strictSame(names(news.seen(key)), ["vault"], "who it served has nobody now");
  t.equal(news.seen(key), undefined);
  services.put(serviceOf("vault.system", vault));
  t.strictSame(names(news.seen(key)), ["vault"]);
  t.equal(told().length, 1, "off and on within ten minutes is one event");
  clock.advance(10 * minutes);
  t.equal(told().length, 2, "the one that is back is told of after them");
  clock.advance(10 * minutes);
  services.remove(key);
  news.seen(key);
  services.put(serviceOf("vault.system", vault));
  news.seen(key);
  t.equal(told().length, 3, "and later another");
  t.end();
});
