import { test } from "tap";
import { startApiServer, apiServerMissing } from "./api-server.ts";
import { inNetworkNamespace } from "./network-namespace.ts";

const address = "10.99.0.1";

await inNetworkNamespace({ file: import.meta.filename, addresses: [address, "10.99.0.2", "10.0.0.50"] }, () => {
  test("an API server there takes real addresses in EndpointSlices", { skip: apiServerMissing() }, async (t) => {
    const api = await startApiServer({ advertiseAddress: address });
    t.teardown(() => api.stop());
    const slice = (ip: string) => ({
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: { name: "vault", namespace: "default", labels: { "kubernetes.io/service-name": "vault" } },
      addressType: "IPv4",
      ports: [{ name: "grpc", port: 8080 }],
      endpoints: [{ addresses: [ip] }],
    });
    const path = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices";
    t.match(await api.request("POST", path, slice("127.0.0.2")), { status: 422 }, "loopback is refused");
    t.match(await api.request("POST", path, slice("10.99.0.2")), { status: 201 });
  });
});
