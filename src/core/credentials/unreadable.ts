import { ProviderError } from "../../api/errors.ts";
import { ClusterError, type ObjectKey } from "../../cluster/cluster.ts";
import type { DependencyKind } from "./dependencies.ts";

/** What a read of a referenced object failed with, in ESO's words and the cluster's, and what to do. */
export function unreadable(kind: DependencyKind, object: ObjectKey, thrown: unknown): ProviderError {
  if (!(thrown instanceof ClusterError)) return ProviderError.from(thrown);
  const name = JSON.stringify(object.name);
  const namespace = JSON.stringify(object.namespace);
  const what = {
    Secret: `cannot get Kubernetes secret ${name} from namespace ${namespace}`,
    ConfigMap: `cannot get Kubernetes configmap ${name} from namespace ${namespace}`,
    ServiceAccount: `cannot get a token of Kubernetes service account ${name} in namespace ${namespace}`,
  }[kind];
  const message = `${what}: ${thrown.message}`;
  switch (thrown.reason) {
    case "NotFound":
      return new ProviderError("InvalidConfig", `${message}; create it or correct the reference`, { cause: thrown });
    case "Invalid":
      return new ProviderError("InvalidConfig", message, { cause: thrown });
    case "Forbidden":
      return new ProviderError("PermissionDenied", `${message}; let Outboard's core read it`, { cause: thrown });
    default:
      return new ProviderError("Unavailable", message, { cause: thrown });
  }
}
