import t from "tap";
import { endpointOf, serviceOf, sliceOf } from "../../../test/memory-services.ts";
import type { EndpointSliceObject, ServiceObject } from "../../cluster/services.ts";
import { podAddresses } from "./pod-addresses.ts";
import { clusterAddresses, dialsService, podAddressesOf } from "./service-addresses.ts";

const vault = serviceOf("vault.team");
const pod = { namespace: "team", name: "vault-1" };

t.test("the pods of a Service are dialled that are ready, else those that still serve", (t) => {
  const slice = (...endpoints: EndpointSliceObject["endpoints"]) => [sliceOf(vault, [], { endpoints })];
  const ready = endpointOf("10.0.0.1", pod);
  const ending = endpointOf("10.0.0.2", pod, { ready: false, terminating: true });
  const ended = endpointOf("10.0.0.3", pod, { ready: false, serving: false, terminating: true });
  const starting = endpointOf("10.0.0.4", pod, { ready: false, serving: false });
  const odd = endpointOf("10.0.0.5", pod, { terminating: true });
  const table: readonly (readonly [
    what: string,
    slices: readonly EndpointSliceObject[],
    addresses: readonly string[],
  ])[] = [
    ["no slices", [], []],
    ["no pods", slice(), []],
    ["ready ones, in order", [sliceOf(vault, ["10.0.0.9", "10.0.0.1"])], ["10.0.0.1:8080", "10.0.0.9:8080"]],
    ["of several slices, each once", [sliceOf(vault, ["10.0.0.1"]), sliceOf(vault, ["10.0.0.1"])], ["10.0.0.1:8080"]],
    ["a ready one and not one that ends", slice(ending, ready), ["10.0.0.1:8080"]],
    ["a ready one and not one that ends and is said to be ready", slice(odd, ready), ["10.0.0.1:8080"]],
    ["one that ends while there is no other", slice(ending, ended, starting), ["10.0.0.2:8080"]],
    ["none that serves", slice(ended, starting), []],
    [
      "the first of an endpoint's addresses",
      slice({ ...ready, addresses: ["10.0.0.1", "10.0.0.7"] }),
      ["10.0.0.1:8080"],
    ],
  ];
  for (const [what, slices, addresses] of table) {
    t.strictSame(podAddressesOf(vault, { name: "", port: 8080 }, slices, podAddresses()), addresses, what);
  }
  t.end();
});

t.test("what a slice says counts for pods of the Service's namespace, at addresses that a pod can have", (t) => {
  const good = endpointOf("10.0.0.1", pod);
  const table: readonly (readonly [what: string, slice: EndpointSliceObject])[] = [
    [
      "another namespace's pod",
      sliceOf(vault, [], { endpoints: [endpointOf("10.0.0.2", { ...pod, namespace: "b" })] }),
    ],
    ["nobody's", sliceOf(vault, [], { endpoints: [endpointOf("10.0.0.2", undefined)] })],
    ["another namespace's slice", sliceOf(vault, ["10.0.0.2"], { namespace: "b" })],
    ["names", sliceOf(vault, ["evil.example"], { addressType: "FQDN" })],
    ["a name in a slice of addresses", sliceOf(vault, ["evil.example"])],
    ["loopback", sliceOf(vault, ["127.0.0.1"])],
    ["link-local", sliceOf(vault, ["169.254.169.254"])],
    ["loopback, IPv6", sliceOf(vault, ["::1"], { addressType: "IPv6" })],
    ["loopback, IPv4 in IPv6", sliceOf(vault, ["::ffff:127.0.0.1"], { addressType: "IPv6" })],
    ["another port", sliceOf(vault, ["10.0.0.2"], { ports: [{ name: "metrics", port: 8080 }] })],
  ];
  for (const [what, slice] of table) {
    const find = (...slices: readonly EndpointSliceObject[]) =>
      podAddressesOf(vault, { name: "", port: 8080 }, slices, podAddresses());
    t.strictSame(find(slice), [], what);
    t.strictSame(find(slice, sliceOf(vault, [], { endpoints: [good] })), ["10.0.0.1:8080"], `${what}, and a good one`);
  }
  t.end();
});

t.test("one family is dialled, the Service's first where it has pods", (t) => {
  const v4 = sliceOf(vault, ["10.0.0.1"]);
  const v6 = sliceOf(vault, ["fd00::1"], { addressType: "IPv6" });
  const ending = sliceOf(vault, [], { endpoints: [endpointOf("10.0.0.2", pod, { ready: false, terminating: true })] });
  const table: readonly (readonly [
    families: readonly string[],
    slices: readonly EndpointSliceObject[],
    address: string,
  ])[] = [
    [["IPv4", "IPv6"], [v6, v4], "10.0.0.1:8080"],
    [["IPv6", "IPv4"], [v4, v6], "[fd00::1]:8080"],
    [["IPv6", "IPv4"], [v4], "10.0.0.1:8080"],
    [["IPv4"], [v6], "[fd00::1]:8080"],
    [["IPv4", "IPv6"], [ending, v6], "[fd00::1]:8080"],
  ];
  for (const [ipFamilies, slices, address] of table) {
    const service: ServiceObject = { ...vault, ipFamilies };
    const found = podAddressesOf(service, { name: "", port: 8080 }, slices, podAddresses());
    t.strictSame(found, [address], `${ipFamilies.join()} ${slices.map(({ addressType }) => addressType).join()}`);
  }
  t.end();
});

t.test("a port is found in the slice by its name, whatever number the pod has it at", (t) => {
  const slice = sliceOf(vault, ["10.0.0.1"], {
    ports: [
      { name: "metrics", port: 8080 },
      { name: "grpc", port: 50_051 },
    ],
  });
  const found = (name: string) => podAddressesOf(vault, { name, port: 8080 }, [slice], podAddresses());
  t.strictSame(found("grpc"), ["10.0.0.1:50051"]);
  t.strictSame(found("other"), []);
  t.end();
});

t.test("a Service's own address is dialled where its annotation says so", (t) => {
  for (const [value, expected] of [
    ["Service", true],
    ["Pods", false],
    ["", false],
  ] as const) {
    t.equal(dialsService(serviceOf("vault.team", { dial: value })), expected, value);
  }
  t.equal(dialsService(vault), false);
  const port = { name: "grpc", port: 443 };
  t.strictSame(clusterAddresses({ ...vault, clusterIPs: ["10.96.0.1", "fd00::1"] }, port), ["10.96.0.1:443"]);
  t.strictSame(clusterAddresses({ ...vault, clusterIPs: ["fd00::1"] }, port), ["[fd00::1]:443"]);
  t.strictSame(clusterAddresses({ ...vault, clusterIPs: [] }, port), [], "a headless one has none");
  t.end();
});
