import { test } from "tap";
import { ClusterError, type ClusterErrorReason } from "../../../cluster/cluster.ts";
import { writeRefusal } from "./write-refusal.ts";

test("each way in which the API refuses a target has its condition, and is tried again where that can help", (t) => {
  // Messages of kube-apiserver 1.36.
  const table: readonly (readonly [
    reason: ClusterErrorReason,
    message: string,
    condition: string,
    retried: boolean,
  ])[] = [
    [
      "Forbidden",
      'secrets "app" is forbidden: exceeded quota: few, requested: count/secrets=1, used: count/secrets=3, limited: count/secrets=3',
      "could not update secret: the resource quota of the namespace is used up",
      true,
    ],
    [
      "Forbidden",
      'secrets "app" is forbidden: unable to create new content in namespace team because it is being terminated',
      "could not update secret: the namespace is being terminated",
      false,
    ],
    [
      "Invalid",
      'Secret "app" is invalid: data: Forbidden: field is immutable when `immutable` is set',
      "could not update secret, target is immutable",
      false,
    ],
    [
      "Invalid",
      'Secret "app" is invalid: type: Invalid value: "kubernetes.io/tls": field is immutable',
      "could not update secret, the type of a secret cannot be changed: delete the secret",
      false,
    ],
    [
      "Invalid",
      'Secret "app" is invalid: data: Too long: may not be more than 1048576 bytes',
      "could not update secret: it is larger than Kubernetes allows (1 MiB)",
      true,
    ],
    ["Invalid", 'Secret "app" is invalid: data[tls.crt]: Required value', "could not update secret", true],
    ["Forbidden", 'secrets is forbidden: User "x" cannot create resource', "could not update secret", true],
    ["Unavailable", "exceeded quota of patience", "could not update secret", true],
  ];
  for (const [reason, message, condition, retried] of table) {
    const refusal = writeRefusal("could not update secret", new ClusterError(reason, message));
    t.match(refusal, { condition, retried, waitsFor: [] }, message);
    t.equal(refusal.error.message, message, "the event has the API's own words");
  }
  t.match(writeRefusal("could not update secret", new TypeError("x")), {
    condition: "could not update secret",
    retried: true,
  });
  t.end();
});
