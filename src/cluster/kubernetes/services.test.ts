import { test, type Test } from "tap";
import { startApiProxy } from "../../../test/api-proxy.ts";
import { apiServerMissing, startApiServer } from "../../../test/api-server.ts";
import { eventually, refused, signal, type Manifest } from "../../../test/cluster-contract/world.ts";
import { clusterAdmin, kubernetesCluster } from "../../../test/kubernetes-world.ts";
import { providerLabel } from "../../api/provider-labels.ts";
import type { Change } from "../cluster.ts";
import type { KubernetesClusterOptions } from "./kubernetes-cluster.ts";
import { serviceResource, sliceResource } from "./paths.ts";
import { followedInNamespace } from "./services.ts";

const parts = { controllerManager: true } as const;

test("Services and what is behind them, before a real API server", { skip: apiServerMissing(parts) }, async (t) => {
  const api = await startApiServer(parts);
  t.teardown(() => api.stop());
  const admin = await clusterAdmin(api);
  let namespaces = 0;
  const makeNamespace = async (name = `services-${namespaces++}`) => {
    await admin.create({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
    return name;
  };
  const ports = [
    { name: "grpc", port: 8080 },
    { name: "names", port: 53, protocol: "UDP" },
  ];
  const service = (namespace: string, name: string, spec: object = { ports }, more: object = {}): Manifest => ({
    apiVersion: "v1",
    kind: "Service",
    metadata: { namespace, name, labels: { [providerLabel]: "true" }, ...more },
    spec,
  });
  /** As the controller of a cluster makes them, or as anybody does by hand. */
  const slice = (namespace: string, name: string, of: string, more: object = {}): Manifest => ({
    apiVersion: sliceResource.apiVersion,
    kind: sliceResource.kind,
    metadata: { namespace, name, labels: { "kubernetes.io/service-name": of } },
    addressType: "IPv4",
    ports,
    endpoints: [{ addresses: ["10.1.0.1"] }],
    ...more,
  });
  async function world(t: Test, more: Partial<KubernetesClusterOptions> = {}, kubeconfig = api.adminKubeconfig) {
    const namespace = await makeNamespace();
    const cluster = await kubernetesCluster(kubeconfig, { kinds: [], ...more });
    t.teardown(() => cluster.stop());
    await cluster.synced;
    const heard: Change[] = [];
    cluster.watch((change) => heard.push(change));
    const hears = (kind: string, name: string) =>
      eventually(
        () => heard.some(({ kind: of, key }) => of === kind && key.namespace === namespace && key.name === name),
        `${kind} ${name} is told`,
      );
    const there = (name: string) => eventually(() => cluster.service({ namespace, name }), `${name} is seen`);
    return { namespace, cluster, heard, hears, there };
  }

  await t.test("those with the label are seen whole, and what becomes of them is told", async (t) => {
    const { namespace, cluster, heard, hears, there } = await world(t);
    const annotations = { "external-secrets.io/serves": "vault" };
    await admin.create(service(namespace, "plain", { ports }, { labels: { [providerLabel]: "yes" } }));
    await admin.create(service(namespace, "own", { ports, clusterIP: "10.0.0.50" }, { ...labelled, annotations }));
    await admin.create(service(namespace, "headless", { ports, clusterIP: "None" }));
    await admin.create(service(namespace, "elsewhere", { type: "ExternalName", externalName: "example.com" }));
    t.match(await there("own"), {
      metadata: { namespace, name: "own", uid: /^[-0-9a-f]{36}$/, labels: { [providerLabel]: "true" }, annotations },
      type: "ClusterIP",
      clusterIPs: ["10.0.0.50"],
      ipFamilies: ["IPv4"],
    });
    t.strictSame((await there("own")).ports, [{ name: "grpc", port: 8080 }], "TCP only");
    t.match(await there("headless"), { type: "ClusterIP", ports: [{ name: "grpc", port: 8080 }] });
    t.strictSame((await there("headless")).clusterIPs, []);
    const { type, clusterIPs, ports: none } = await there("elsewhere");
    t.strictSame({ type, clusterIPs, none }, { type: "ExternalName", clusterIPs: [], none: [] });
    const names = cluster.services().map(({ metadata }) => metadata.name);
    t.strictSame(names.toSorted(), ["elsewhere", "headless", "own"], "only those with the label");

    heard.length = 0;
    await api.kubectl(["-n", namespace, "annotate", "service", "own", "external-secrets.io/dial=Service"]);
    await hears("Service", "own");
    t.equal(cluster.service({ namespace, name: "own" })?.metadata.annotations["external-secrets.io/dial"], "Service");
    heard.length = 0;
    await api.kubectl(["-n", namespace, "label", "service", "own", `${providerLabel}-`]);
    await hears("Service", "own");
    t.equal(cluster.service({ namespace, name: "own" }), undefined, "without its label it is none");
  });

  await t.test("slices are those of the Service, and asked for first they are there", async (t) => {
    const { namespace, cluster, heard, hears, there } = await world(t);
    const key = { namespace, name: "own" };
    await refused(t, cluster.endpointSlices(key, signal), "NotFound", "no such Service");
    for (const name of ["own", "other"]) await admin.create(service(namespace, name));
    await there("own");
    await admin.create(
      slice(namespace, "own-1", "own", {
        endpoints: [
          { addresses: ["10.1.0.1"], targetRef: { kind: "Pod", name: "own-a", namespace } },
          { addresses: ["10.1.0.2"], conditions: { ready: false, serving: true, terminating: true } },
          { addresses: ["10.1.0.3"], conditions: { ready: false }, targetRef: { kind: "Node", name: "n" } },
        ],
      }),
    );
    await admin.create(slice(namespace, "other-1", "other"));
    const slices = await cluster.endpointSlices(key, signal);
    t.match(slices, [{ metadata: { namespace, name: "own-1" }, addressType: "IPv4", ports: [{ name: "grpc" }] }]);
    t.equal(slices.length, 1);
    t.strictSame(slices[0]?.endpoints, [
      {
        addresses: ["10.1.0.1"],
        ready: true,
        serving: true,
        terminating: false,
        pod: { namespace, name: "own-a" },
      },
      { addresses: ["10.1.0.2"], ready: false, serving: true, terminating: true },
      { addresses: ["10.1.0.3"], ready: false, serving: false, terminating: false },
    ]);
    t.notOk(
      heard.some(({ kind, key }) => kind === "EndpointSlice" && key.name === "other"),
      "nobody asked for the other's",
    );
    heard.length = 0;
    await admin.create(
      slice(namespace, "own-2", "own", { addressType: "IPv6", endpoints: [{ addresses: ["fd00::1"] }] }),
    );
    await hears("EndpointSlice", "own");
    const families = (await cluster.endpointSlices(key, signal)).map(({ addressType }) => addressType);
    t.strictSame(families.toSorted(), ["IPv4", "IPv6"]);
  });

  await t.test("pods come and go as the cluster's own controller has it", async (t) => {
    const { namespace, cluster, there } = await world(t);
    await admin.create(service(namespace, "own", { ports: [{ port: 8080 }], selector: { app: "own" } }));
    await there("own");
    // Of a pod whose node is unknown there is no endpoint.
    await admin.create({ apiVersion: "v1", kind: "Node", metadata: { name: "n" } });
    const container = { name: "c", image: "i" };
    const pod = { apiVersion: "v1", kind: "Pod", metadata: { namespace, name: "own-a", labels: { app: "own" } } };
    await admin.create({ ...pod, spec: { containers: [container], nodeName: "n", serviceAccountName: "default" } });
    // No kubelet says it.
    const status = {
      phase: "Running",
      podIP: "10.1.0.7",
      podIPs: [{ ip: "10.1.0.7" }],
      conditions: [{ type: "Ready", status: "True" }],
    };
    const path = `/api/v1/namespaces/${namespace}/pods/own-a/status`;
    await api.request("PATCH", path, { status }, "application/merge-patch+json");
    const key = { namespace, name: "own" };
    let endpoints: readonly unknown[] = [];
    const look = async () => {
      endpoints = (await cluster.endpointSlices(key, signal)).flatMap((each) => each.endpoints);
    };
    const refresh = cluster.watch(({ kind }) => void (kind === "EndpointSlice" && look()));
    t.teardown(refresh);
    await look();
    await eventually(() => endpoints.length === 1, "the pod is seen");
    t.match(endpoints, [{ addresses: ["10.1.0.7"], ready: true, pod: { namespace, name: "own-a" } }]);
    await api.kubectl(["-n", namespace, "delete", "pod", "own-a", "--force", "--grace-period=0"]);
    await eventually(() => endpoints.length === 0, "it is gone");
  });

  await t.test("slices are followed for as long as there is a Service and somebody asks", async (t) => {
    const proxy = await startApiProxy(api);
    t.teardown(() => proxy.stop());
    const { namespace, cluster, there, heard } = await world(t, { slicesIdle: 300 }, proxy.kubeconfig());
    const lists = () =>
      proxy.seen().filter(({ url }) => url.includes("endpointslices") && !url.includes("watch=true")).length;
    for (const name of ["idle", "gone"]) {
      await admin.create(service(namespace, name));
      await there(name);
      await admin.create(slice(namespace, `${name}-1`, name));
    }
    const idle = { namespace, name: "idle" };
    await Promise.all([cluster.endpointSlices(idle, signal), cluster.endpointSlices(idle, signal)]);
    await cluster.endpointSlices(idle, signal);
    t.equal(lists(), 1, "one list for all who ask");
    await new Promise((resolve) => setTimeout(resolve, 600));
    await admin.create(slice(namespace, "idle-2", "idle"));
    t.equal((await cluster.endpointSlices(idle, signal)).length, 2, "what came meanwhile is there");
    t.equal(lists(), 2, "after a time without questions it is listed anew");

    const gone = { namespace, name: "gone" };
    await cluster.endpointSlices(gone, signal);
    await admin.delete(serviceResource, gone);
    await eventually(() => cluster.service(gone) === undefined, "the Service is gone");
    await refused(t, cluster.endpointSlices(gone, signal), "NotFound", "gone");
    heard.length = 0;
    await admin.create(slice(namespace, "gone-2", "gone"));
    await admin.create(service(namespace, "last"));
    await there("last");
    t.notOk(heard.some(({ kind, key }) => kind === "EndpointSlice" && key.name === "gone"));
  });

  await t.test("of the Services of one namespace so many are followed, and others as ever", async (t) => {
    const { namespace, cluster } = await world(t);
    const elsewhere = await makeNamespace();
    const names = Array.from({ length: followedInNamespace + 1 }, (_, index) => `own-${index}`);
    const keys = [...names.map((name) => ({ namespace, name })), { namespace: elsewhere, name: "own" }];
    const items = keys.map((key) => service(key.namespace, key.name));
    await api.kubectl(["create", "-f", "-"], JSON.stringify({ apiVersion: "v1", kind: "List", items }));
    for (const key of keys) await eventually(() => cluster.service(key), `${key.name} is seen`);
    const last = keys[followedInNamespace];
    const [first, second] = keys;
    if (first === undefined || second === undefined || last === undefined) throw new Error("no Services");
    for (const key of keys.slice(0, followedInNamespace)) await cluster.endpointSlices(key, signal);
    const reason = { reason: "TooManyRequests", message: new RegExp(`100 Services in namespace "${namespace}" are`) };
    await t.rejects(cluster.endpointSlices(last, signal), reason);
    t.strictSame(await cluster.endpointSlices(second, signal), [], "those that are followed still are");
    t.strictSame(await cluster.endpointSlices({ namespace: elsewhere, name: "own" }, signal), []);
    await admin.delete(serviceResource, first);
    await eventually(() => cluster.service(first) === undefined, "one is gone");
    t.strictSame(await cluster.endpointSlices(last, signal), [], "there is room again");
  });

  await t.test("slices that may not be listed are refused, and are there once they may", async (t) => {
    const rule = { verbs: ["list", "watch"] };
    const core = { ...rule, apiGroups: [""], resources: ["secrets", "configmaps", "serviceaccounts"] };
    const more = { ...rule, apiGroups: [""], resources: ["namespaces", "services"] };
    const definitions = { ...rule, apiGroups: ["apiextensions.k8s.io"], resources: ["customresourcedefinitions"] };
    const { kubeconfig } = await api.serviceAccount("slices", "core", { rules: [core, more, definitions] });
    const { namespace, cluster, there } = await world(t, {}, kubeconfig);
    const key = { namespace, name: "own" };
    await admin.create(service(namespace, "own"));
    await there("own");
    await refused(t, cluster.endpointSlices(key, signal), "Forbidden", "no right");
    await refused(t, cluster.endpointSlices(key, signal), "Forbidden", "and it was tried again");
    const slices = { ...rule, apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"] };
    await api.serviceAccount("slices", "more", { rules: [slices] });
    await api.kubectl([
      "create",
      "clusterrolebinding",
      "late",
      "--serviceaccount=slices:core",
      "--clusterrole=slices-more-0",
    ]);
    let found: readonly unknown[] | undefined;
    const ask = async (): Promise<void> => {
      found = await cluster.endpointSlices(key, signal).catch(() => undefined);
      if (found === undefined) return ask();
    };
    await ask();
    t.strictSame(found, []);
  });

  await t.test("who waits for slices stops with its signal", async (t) => {
    const proxy = await startApiProxy(api);
    t.teardown(() => proxy.stop());
    const { namespace, cluster, there } = await world(t, {}, proxy.kubeconfig());
    await admin.create(service(namespace, "own"));
    await there("own");
    const never = new Promise<void>(() => {});
    proxy.rule(({ url }) => (url.includes("endpointslices") ? { after: never } : undefined));
    const own = new AbortController();
    const waiting = cluster.endpointSlices({ namespace, name: "own" }, own.signal);
    own.abort(new Error("enough"));
    await t.rejects(waiting, { message: "enough" });
    await cluster.stop();
  });

  await t.test("with some namespaces only, Services are those of these and of the system's", async (t) => {
    const [mine, system, foreign] = [await makeNamespace(), await makeNamespace(), await makeNamespace()];
    const verbs = ["list", "watch"];
    const rules = [
      {
        apiGroups: ["", "discovery.k8s.io"],
        resources: ["secrets", "configmaps", "serviceaccounts", "services", "endpointslices"],
        verbs,
      },
    ];
    const services = [{ apiGroups: [""], resources: ["services"], verbs }];
    const definitions = [{ apiGroups: ["apiextensions.k8s.io"], resources: ["customresourcedefinitions"], verbs }];
    const { kubeconfig } = await api.serviceAccount(
      mine,
      "core",
      { namespace: mine, rules },
      { namespace: system, rules: services },
      { rules: definitions },
    );
    for (const namespace of [mine, system, foreign]) await admin.create(service(namespace, "own"));
    const { cluster } = await world(t, { namespaces: [mine], systemNamespace: system }, kubeconfig);
    const places = cluster.services().map(({ metadata }) => metadata.namespace);
    t.strictSame(places.toSorted(), [mine, system].toSorted());
    await admin.delete(serviceResource, { namespace: system, name: "own" });
    await eventually(() => cluster.services().length === 1, "the end of one is seen, and of no other");
  });

  await t.test("an event on a Service is Kubernetes'", async (t) => {
    const { namespace, cluster, there } = await world(t);
    await admin.create(service(namespace, "own"));
    const { uid } = (await there("own")).metadata;
    const approved = { type: "Normal", reason: "ProviderApproved", message: "serves vault" } as const;
    cluster.serviceEvent({ namespace, name: "own" }, approved);
    cluster.serviceEvent({ namespace, name: "none" }, approved);
    await cluster.stop();
    // The API server has events of its own about addresses.
    const ours = "fieldSelector=reason=ProviderApproved";
    const { body } = await api.request("GET", `/api/v1/namespaces/${namespace}/events?${ours}`);
    const { items } = body as { readonly items: readonly object[] };
    const involvedObject = { apiVersion: "v1", kind: "Service", namespace, name: "own", uid };
    t.match(items, [{ involvedObject, ...approved, source: { component: "external-secrets" } }]);
    t.equal(items.length, 1);
  });
});

const labelled = { labels: { [providerLabel]: "true" } };
