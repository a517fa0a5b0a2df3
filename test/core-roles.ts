import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import type { PolicyRule } from "./api-access.ts";
import { lease } from "./core-observation.ts";
import { systemNamespace, type Installation } from "./core-process.ts";
import { until } from "./e2e/outboard.ts";
import { root } from "./test-bundles.ts";

/** A Role of core's, with a rule for each right. */
interface ShippedRole {
  /** Below /apis/rbac.authorization.k8s.io/v1. */
  readonly path: string;
  readonly rules: readonly PolicyRule[];
}

/** Every right of core's Roles, as "verb group/resource/subresource". */
export function shippedRights(): readonly string[] {
  return shippedRoles().flatMap(({ rules }) => rules.map(rightOf));
}

/** Those of the Role that components/namespaced has. */
export function namespacedRights(): readonly string[] {
  return rolesOf("components/namespaced/role/role.yaml").flatMap(({ rules }) => rules.map(rightOf));
}

/** Core's Roles with rights taken away, while it runs. */
export interface RoleControl {
  /** Leaves all of them but these; resolves when the API server decides so. */
  without(...rights: readonly string[]): Promise<void>;
}

export function roleControl({ api, username }: Installation): RoleControl {
  const rights = shippedRights();
  return {
    without: async (...taken) => {
      for (const { path, rules } of shippedRoles()) {
        const kept = rules.filter((rule) => !taken.includes(rightOf(rule)));
        await api.request(
          "PATCH",
          `/apis/rbac.authorization.k8s.io/v1/${path}`,
          { rules: kept },
          "application/merge-patch+json",
        );
      }
      await Promise.all(rights.map((right) => decides(right, !taken.includes(right))));
    },
  };

  async function decides(right: string, allowed: boolean): Promise<void> {
    const [verb, group, resource, subresource] = right.split(/[ /]/);
    const name = lease.path.slice("lease/".length);
    const resourceAttributes = { verb, group, resource, subresource, namespace: systemNamespace, name };
    const review = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
    await until(
      async () => {
        const answer = await api.request("POST", review, { spec: { user: username, resourceAttributes } });
        const { status } = answer.body as { readonly status: { readonly allowed: boolean } };
        return status.allowed === allowed;
      },
      () => `${right} is not ${allowed ? "given" : "taken"}`,
    );
  }
}

function shippedRoles(): readonly ShippedRole[] {
  return rolesOf("base/cluster-role.yaml", "base/role.yaml");
}

function rolesOf(...files: readonly string[]): readonly ShippedRole[] {
  interface Shipped {
    readonly kind: string;
    readonly metadata: { readonly name: string };
    readonly rules?: readonly PolicyRule[];
  }
  const folder = join(root, "deploy", "kustomize");
  return files
    .flatMap((file) => parseAllDocuments(readFileSync(join(folder, file), "utf8")))
    .flatMap((document) => {
      const { kind, metadata, rules }: Shipped = document.toJS();
      if (rules === undefined) return [];
      const path =
        kind === "ClusterRole"
          ? `clusterroles/${metadata.name}`
          : `namespaces/${systemNamespace}/roles/${metadata.name}`;
      return [{ path, rules: rules.flatMap(single) }];
    });
}

/** A rule as one rule for each verb of each resource. */
function single({ apiGroups, resources, verbs, ...rest }: PolicyRule): readonly PolicyRule[] {
  return resources.flatMap((resource) =>
    verbs.map((verb) => ({ apiGroups, resources: [resource], verbs: [verb], ...rest })),
  );
}

function rightOf({ apiGroups: [group = ""], resources: [resource], verbs: [verb] }: PolicyRule): string {
  return `${verb} ${group}/${resource}`;
}
