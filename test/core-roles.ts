import type { PolicyRule } from "./api-access.ts";
import { lease } from "./core-observation.ts";
import { systemNamespace, type Installation } from "./core-process.ts";
import { until } from "./e2e/outboard.ts";
import { setRules, shippedRoles, type ShippedRole } from "./shipped-roles.ts";

/** Every right of core's Roles and of what is aggregated into them, as "verb group/resource/subresource". */
export function shippedRights(): readonly string[] {
  return coreRoles().flatMap(({ rules }) => rules.map(rightOf));
}

/** Those of the Role that components/namespaced has. */
export function namespacedRights(): readonly string[] {
  return shippedRoles("components/namespaced/role/role.yaml").flatMap(({ rules }) => rules.map(rightOf));
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
      for (const role of coreRoles()) {
        const kept = role.rules.filter((rule) => !taken.includes(rightOf(rule)));
        await setRules(api, role, systemNamespace, kept);
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

function coreRoles(): readonly ShippedRole[] {
  return shippedRoles("base/cluster-role.yaml", "base/config-kinds.yaml", "base/role.yaml");
}

function rightOf({ apiGroups: [group = ""], resources: [resource], verbs: [verb] }: PolicyRule): string {
  return `${verb} ${group}/${resource}`;
}
