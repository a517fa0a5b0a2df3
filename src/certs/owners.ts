import type { OwnerReference } from "../cluster/objects.ts";
import type { Target } from "./target.ts";

/** The Services that a Secret is for: when the last of them is gone, Kubernetes removes it. */
export function ownersOf({ services }: Target): readonly OwnerReference[] {
  return services.map(({ name, uid }) => ({ apiVersion: "v1", kind: "Service", name, uid }));
}
