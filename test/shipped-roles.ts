import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import type { ApiAccess, PolicyRule } from "./api-access.ts";
import { root } from "./test-bundles.ts";

/** A Role or ClusterRole of deploy/kustomize, with a rule for each right. */
export interface ShippedRole {
  readonly kind: "Role" | "ClusterRole";
  readonly name: string;
  readonly rules: readonly PolicyRule[];
}

/** Those of these files, below deploy/kustomize. */
export function shippedRoles(...files: readonly string[]): readonly ShippedRole[] {
  interface Shipped {
    readonly kind: ShippedRole["kind"];
    readonly metadata: { readonly name: string };
    readonly rules?: readonly PolicyRule[];
  }
  return files
    .flatMap((file) => parseAllDocuments(readFileSync(join(root, "deploy", "kustomize", file), "utf8")))
    .flatMap((document) => {
      const { kind, metadata, rules }: Shipped = document.toJS();
      return rules === undefined ? [] : [{ kind, name: metadata.name, rules: rules.flatMap(single) }];
    });
}

/** Gives a role that was applied these rules instead; `namespace` is where a Role is. */
export async function setRules(
  { request }: Pick<ApiAccess, "request">,
  { kind, name }: Pick<ShippedRole, "kind" | "name">,
  namespace: string,
  rules: readonly PolicyRule[],
): Promise<void> {
  const place = kind === "ClusterRole" ? `clusterroles/${name}` : `namespaces/${namespace}/roles/${name}`;
  const path = `/apis/rbac.authorization.k8s.io/v1/${place}`;
  const { status } = await request("PATCH", path, { rules }, "application/merge-patch+json");
  if (status !== 200) throw new Error(`${path}: ${status}`);
}

/** A rule as one rule for each verb of each resource. */
function single({ apiGroups, resources, verbs, ...rest }: PolicyRule): readonly PolicyRule[] {
  return resources.flatMap((resource) =>
    verbs.map((verb) => ({ apiGroups, resources: [resource], verbs: [verb], ...rest })),
  );
}
