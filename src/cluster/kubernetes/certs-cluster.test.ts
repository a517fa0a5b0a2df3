import { join } from "node:path";
import pino from "pino";
import { test, type Test } from "tap";
import { policiesRule } from "../../../test/admission.ts";
import { apiServerMissing, startApiServer } from "../../../test/api-server.ts";
import { eventually, refused, signal, type Manifest } from "../../../test/cluster-contract/world.ts";
import { clusterAdmin } from "../../../test/kubernetes-world.ts";
import type { CertificateSecretWrite } from "../certificate-secret.ts";
import type { CertsCluster } from "../../certs/cluster.ts";
import { isRecord } from "./api-object.ts";
import { createCertsCluster } from "./certs-cluster.ts";

const system = "external-secrets";
const shared = "external-secrets-provider-tls";
const ca = "eso-provider-ca-internal";
const ours = { "external-secrets.io/system": system };
const label = "external-secrets.io/provider";

test("the certificate controller's cluster, under the shipped Roles", { skip: apiServerMissing() }, async (t) => {
  const api = await startApiServer();
  t.teardown(() => api.stop());
  await api.kubectl(["apply", "-k", join(import.meta.dirname, "../../../deploy/kustomize/base")]);
  const admin = await clusterAdmin(api);
  const { kubeconfig } = await api.serviceAccount(system, "outboard-certs");
  await policiesRule(api);

  let namespaces = 0;
  const makeNamespace = async () => {
    const name = `team-${namespaces++}`;
    await admin.create({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
    return name;
  };
  const makeService = async (namespace: string, name: string, more: Partial<Manifest["metadata"]> = {}) => {
    const metadata = { namespace, name, labels: { [label]: "true" }, ...more };
    await admin.create({ apiVersion: "v1", kind: "Service", metadata, spec: { ports: [{ port: 8080 }] } });
  };
  const stored = async (namespace: string, name: string) =>
    (await api.request("GET", `/api/v1/namespaces/${namespace}/secrets/${name}`)).body;
  async function start(t: Test, account = kubeconfig) {
    const cluster = await createCertsCluster({
      kubeconfig: account,
      userAgent: "outboard/test",
      serviceLabel: label,
      fixedNames: [{ name: shared }, { namespace: system, name: ca }],
      fieldManager: "outboard-certs",
      eventComponent: "outboard-certs",
      logger: pino({ level: "silent" }),
    });
    t.teardown(() => cluster.stop());
    return cluster;
  }
  async function started(t: Test) {
    const cluster = await start(t);
    await cluster.synced;
    const heard = new Set<string>();
    cluster.watch(({ kind, key }) => heard.add(`${kind} ${key.namespace}/${key.name}`));
    return { cluster: cluster satisfies CertsCluster, heard };
  }

  await t.test("it sees labelled Services and all namespaces, and hears what becomes of them", async (t) => {
    const { cluster, heard } = await started(t);
    const namespace = await makeNamespace();
    const there = () => cluster.services().filter((service) => service.namespace === namespace);
    await makeService(namespace, "unlabelled", { labels: { [label]: "false" } });
    await makeService(namespace, "vault", { finalizers: ["example.com/held"] });
    await eventually(() => there().length === 1 && cluster.namespace(namespace) !== undefined, "both are seen");
    t.match(there(), [{ name: "vault", namespace, uid: /^[0-9a-f-]{36}$/, deleting: false }]);
    t.ok(Math.abs(Date.parse(there()[0]?.creationTimestamp ?? "") - Date.now()) < 60_000);
    t.match(cluster.namespace(namespace), { name: namespace, terminating: false });
    t.equal(cluster.namespace("none"), undefined);
    t.ok(heard.has(`Service ${namespace}/vault`) && heard.has(`Namespace /${namespace}`));

    await admin.delete({ apiVersion: "v1", kind: "Service", namespaced: true }, { namespace, name: "vault" });
    await eventually(() => there()[0]?.deleting, "it is being deleted");
    await api.kubectl(["label", "namespace", namespace, "a=b"]);
    await eventually(() => cluster.namespace(namespace)?.labels["a"] === "b", "the label is seen");
    await api.kubectl(["-n", namespace, "label", "service", "vault", "--overwrite", `${label}=no`]);
    await eventually(() => there().length === 0, "without its label it is none");
    await api.kubectl(["delete", "namespace", namespace, "--wait=false"]);
    await eventually(() => cluster.namespace(namespace)?.terminating, "the namespace is being deleted");
  });

  await t.test("a Secret is made once, and changed only as it was read", async (t) => {
    const { cluster } = await started(t);
    const places = [
      { key: { namespace: system, name: ca }, type: "Opaque" },
      { key: { namespace: await makeNamespace(), name: shared }, type: "kubernetes.io/tls" },
      { key: { namespace: system, name: `${shared}-vault` }, type: "kubernetes.io/tls" },
      { key: { namespace: system, name: "eso-provider-client-tls" }, type: "kubernetes.io/tls" },
    ];
    for (const place of places) {
      await t.test(place.key.name, async (t) => {
        const { key } = place;
        const write = { ...place, labels: ours, annotations: { kept: "1", rotate: "now" }, ownerReferences: [], data };
        t.equal(await cluster.read(key, signal), undefined);
        await refused(t, cluster.patch(write, "1", signal), "NotFound", "not there");
        const made = await cluster.create(write, signal);
        t.match(made, { key, type: place.type, labels: ours, annotations: { kept: "1", rotate: "now" } });
        t.strictSame(textsOf(made.data), textsOf(data));
        await refused(t, cluster.create(write, signal), "AlreadyExists", "a second");
        const object = await stored(key.namespace, key.name);
        t.strictSame(await cluster.read(key, signal), made);
        t.strictSame(await stored(key.namespace, key.name), object, "reading it has written nothing");

        const owner = { apiVersion: "v1", kind: "Service", name: "vault", uid: "u" };
        const change: CertificateSecretWrite = {
          ...write,
          annotations: { rotate: null },
          ownerReferences: [owner],
          data: new Map([
            ["tls.key", Buffer.from("new")],
            ["clients", null],
          ]),
        };
        const changed = await cluster.patch(change, made.resourceVersion, signal);
        t.strictSame(changed.annotations, { kept: "1" }, "null takes off, what is not named stays");
        t.strictSame(changed.ownerReferences, [owner]);
        t.strictSame(textsOf(changed.data), { "tls.crt": "certificate", "tls.key": "new" });
        await refused(t, cluster.patch(change, made.resourceVersion, signal), "Conflict", "an old resourceVersion");
        await admin.delete({ apiVersion: "v1", kind: "Secret", namespaced: true }, key);
        await refused(t, cluster.patch(change, changed.resourceVersion, signal), "NotFound", "gone");
        t.equal(await cluster.read(key, signal), undefined);
      });
    }
  });

  await t.test("it hears of Secrets of fixed names, wherever they are, and of no other", async (t) => {
    const { heard } = await started(t);
    const namespace = await makeNamespace();
    const secret = (namespace: string, name: string) =>
      admin.create({ apiVersion: "v1", kind: "Secret", metadata: { namespace, name } });
    await secret(namespace, "other");
    await secret(namespace, ca);
    await secret(namespace, shared);
    await secret(system, ca);
    const fixed = [`Secret ${namespace}/${shared}`, `Secret ${system}/${ca}`];
    await eventually(() => fixed.every((name) => heard.has(name)), "both are heard of");
    heard.clear();
    await admin.delete({ apiVersion: "v1", kind: "Secret", namespaced: true }, { namespace, name: shared });
    await eventually(() => heard.size > 0, "the deletion is heard of");
    t.strictSame([...heard], fixed.slice(0, 1));
    await admin.delete({ apiVersion: "v1", kind: "Secret", namespaced: true }, { namespace: system, name: ca });
  });

  await t.test("of Secrets that are not its own it sees nothing and changes nothing", async (t) => {
    const { cluster } = await started(t);
    const tenant = await makeNamespace();
    const type = "kubernetes.io/tls";
    const foreign = [
      { namespace: system, name: `${shared}-theirs`, type, labels: {} },
      { namespace: system, name: `${shared}-of-another`, type, labels: { "external-secrets.io/system": "another" } },
      { namespace: system, name: `${shared}-opaque`, type: "Opaque", labels: ours },
      { namespace: system, name: "database", type, labels: ours },
      { namespace: tenant, name: `${shared}-vault`, type, labels: ours },
      { namespace: tenant, name: "database", type, labels: ours },
    ];
    for (const { labels, type, ...key } of foreign) {
      const encoded = Object.fromEntries(Array.from(data, ([name, value]) => [name, value.toString("base64")]));
      await admin.create({ apiVersion: "v1", kind: "Secret", metadata: { ...key, labels }, type, data: encoded });
      const before = await stored(key.namespace, key.name);
      const { metadata } = isRecord(before) ? before : {};
      const version = isRecord(metadata) ? String(metadata["resourceVersion"]) : "";
      const write = { key, type, labels: ours, annotations: {}, ownerReferences: [], data };
      await refused(t, cluster.read(key, signal), "Forbidden", `read ${key.namespace}/${key.name}`);
      await refused(t, cluster.patch(write, version, signal), "Forbidden", `patch ${key.namespace}/${key.name}`);
      t.strictSame(await stored(key.namespace, key.name), before);
    }
  });

  await t.test("an event is the Service's", async (t) => {
    const { cluster } = await started(t);
    const namespace = await makeNamespace();
    await makeService(namespace, "vault");
    const service = await eventually(() => cluster.services().find((held) => held.namespace === namespace), "seen");
    cluster.event(service, { type: "Warning", reason: "CertificateFailed", message: "no" });
    await cluster.stop();
    const { body } = await api.request("GET", `/api/v1/namespaces/${namespace}/events`);
    const involvedObject = { apiVersion: "v1", kind: "Service", namespace, name: "vault", uid: service.uid };
    const source = { component: "outboard-certs" };
    t.match(body, { items: [{ involvedObject, source, type: "Warning", reason: "CertificateFailed", message: "no" }] });
  });

  await t.test("what it may not list is named", async (t) => {
    const { kubeconfig } = await api.serviceAccount(await makeNamespace(), "nobody");
    const cluster = await start(t, kubeconfig);
    await eventually(() => cluster.awaited().filter((line) => line.includes("403")).length === 4, "four lists");
    t.match(
      cluster.awaited().join("\n"),
      /^labelled Services: .*\nnamespaces: .*\nSecrets external.*\nSecret external/,
    );
  });
});

const data = new Map([
  ["tls.crt", Buffer.from("certificate")],
  ["tls.key", Buffer.from("key")],
  ["clients", Buffer.from("spiffe://")],
]);

function textsOf(bytes: ReadonlyMap<string, Uint8Array>): Readonly<Record<string, string>> {
  return Object.fromEntries(Array.from(bytes, ([key, value]) => [key, Buffer.from(value).toString()]));
}
