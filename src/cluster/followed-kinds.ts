import type { Kind } from "./objects.ts";

/** A custom kind that is followed because its CustomResourceDefinition carries a label. Always namespaced. */
export interface FollowedKind extends Kind {
  readonly namespaced: true;
  /** API group, "provider.external-secrets.io"; `apiVersion` is this group in the version that is read. */
  readonly group: string;
  readonly plural: string;
  /** Every version that the API server serves. */
  readonly servedVersions: readonly string[];
  /** Whether it has the subresource `status`. */
  readonly hasStatus: boolean;
  /** Of the CustomResourceDefinition. */
  readonly annotations: Readonly<Record<string, string>>;
}

/**
 * A followed kind's name in changes and references, as kubectl has it: "Vault.provider.external-secrets.io". Kinds of
 * the core groups have none of its dots, so that a kind called Secret of somebody's group is never taken for Kubernetes'.
 */
export function followedKindId({ kind, group }: Pick<FollowedKind, "kind" | "group">): string {
  return `${kind}.${group}`;
}

/** Kinds that come and go with their CustomResourceDefinitions. Coming and going is told as kind "CustomResourceDefinition". */
export interface FollowedKinds {
  followedKinds(): readonly FollowedKind[];
  /** By {@link followedKindId}. */
  followedKind(id: string): FollowedKind | undefined;
}
