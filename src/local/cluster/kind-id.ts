import { followedKindId } from "../../cluster/followed-kinds.ts";
import type { Kind } from "../../cluster/objects.ts";

/**
 * What tells kinds apart, as `Change.kind` has it: the name alone for Kubernetes' and ESO's own, name and group for
 * every other. The version does not count.
 */
export function kindId({ apiVersion, kind }: Pick<Kind, "apiVersion" | "kind">): string {
  const slash = apiVersion.indexOf("/");
  if (slash < 0 || apiVersion.startsWith("external-secrets.io/")) return kind;
  return followedKindId({ kind, group: apiVersion.slice(0, slash) });
}
