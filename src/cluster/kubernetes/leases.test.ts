import { test } from "tap";
import { ClusterError } from "../cluster.ts";
import { createLeases } from "./leases.ts";
import type { ApiRequest } from "./transport.ts";

const key = { namespace: "system", name: "external-secrets-controller" };
const signal = new AbortController().signal;
const record = { holder: "a", durationSeconds: 15, acquiredAt: 1_000, renewedAt: 2_500, transitions: 3 };
const spec = {
  holderIdentity: "a",
  leaseDurationSeconds: 15,
  acquireTime: "1970-01-01T00:00:01.000000Z",
  renewTime: "1970-01-01T00:00:02.500000Z",
  leaseTransitions: 3,
};
const metadata = { name: key.name, namespace: key.namespace, uid: "u", resourceVersion: "7" };

function leasesOver(answer: unknown) {
  const requests: ApiRequest[] = [];
  const request = async (each: ApiRequest) => {
    requests.push(each);
    if (answer instanceof Error) throw answer;
    return answer;
  };
  return { requests, leases: createLeases({ request }, "outboard") };
}

test("a Lease is read as others wrote it, whole or not", async (t) => {
  const table: readonly (readonly [spec: unknown, expected: unknown])[] = [
    [spec, record],
    [undefined, { holder: "", durationSeconds: 0, acquiredAt: 0, renewedAt: 0, transitions: 0 }],
    [
      { ...spec, holderIdentity: null, renewTime: "soon" },
      { ...record, holder: "", renewedAt: 0 },
    ],
    // Go writes nanoseconds' leading digits, six of them.
    [{ ...spec, renewTime: "1970-01-01T00:00:02.500999Z" }, record],
  ];
  for (const [given, expected] of table) {
    const { leases } = leasesOver({ metadata, spec: given });
    t.strictSame(await leases.get(key, signal), { resourceVersion: "7", record: expected });
  }
  t.equal(await leasesOver(new ClusterError("NotFound", "x")).leases.get(key, signal), undefined);
  await t.rejects(leasesOver(new ClusterError("Forbidden", "x")).leases.get(key, signal), {
    name: "ClusterError",
    reason: "Forbidden",
  });
  await t.rejects(leasesOver("<html>").leases.get(key, signal), { name: "ClusterError", reason: "Unavailable" });
});

test("a Lease is written under the condition that nobody else wrote it", async (t) => {
  const { leases, requests } = leasesOver({ metadata, spec });
  const path = "/apis/coordination.k8s.io/v1/namespaces/system/leases";
  t.strictSame(await leases.create(key, record, signal), { resourceVersion: "7", record });
  await leases.update(key, record, "6", signal);
  t.match(requests, [
    {
      method: "POST",
      path: `${path}?fieldManager=outboard`,
      body: { metadata: { namespace: "system", name: "external-secrets-controller" }, spec },
    },
    {
      method: "PATCH",
      path: `${path}/external-secrets-controller?fieldManager=outboard`,
      contentType: "application/merge-patch+json",
      body: { metadata: { resourceVersion: "6" }, spec },
    },
  ]);
});
