import { ProviderError } from "../api/errors.ts";
import { clusterFailure } from "../cluster/cluster-failure.ts";
import { ClusterError, type ObjectKey } from "../cluster/cluster.ts";
import type { CertificateSecret } from "../cluster/certificate-secret.ts";
import { systemLabel } from "./names.ts";

/** What a refused request means for a Secret; Conflict: somebody else wrote it, read again. Throws what is no refusal. */
export function failureOf(thrown: unknown): ProviderError {
  if (thrown instanceof ProviderError) return thrown;
  if (!(thrown instanceof ClusterError)) throw thrown;
  return clusterFailure(thrown);
}

/** Why a Secret under one of our names is none of ours; undefined: it is. */
export function foreignness(
  key: ObjectKey,
  { labels, type }: CertificateSecret,
  systemNamespace: string,
  ownType: string,
): ProviderError | undefined {
  const owner = labels[systemLabel];
  const place = `the Secret ${key.name} in namespace ${key.namespace}`;
  if (owner === undefined) {
    return new ProviderError("PermissionDenied", `${place} is somebody else's; remove or rename it, and it is made`);
  }
  if (owner !== systemNamespace) {
    return new ProviderError("PermissionDenied", `${place} belongs to another installation, that of ${owner}`);
  }
  // A Secret's type can never be changed.
  if (type !== ownType) {
    return new ProviderError(
      "PermissionDenied",
      `${place} is of type ${type}; remove it, and it is made as ${ownType}`,
    );
  }
  return undefined;
}
