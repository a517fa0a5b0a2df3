import type { PolicyRule } from "./api-access.ts";
import type { AuditEvent } from "./audit-log.ts";
import { providerNamespace, type CertsInstallation } from "./certs-process.ts";
import { until } from "./e2e/outboard.ts";
import { systemNamespace } from "./shipped-process.ts";
import { setRules, shippedRoles, type ShippedRole } from "./shipped-roles.ts";

/** One thing that a shipped Role lets the certificate controller do. */
export interface Right {
  /** "get secrets NAME in NAMESPACE", without what is not limited. */
  readonly text: string;
  readonly verb: string;
  readonly resource: string;
  readonly name?: string;
  /** Where the Role is; absent for the ClusterRole. */
  readonly namespace?: string;
}

/** The certificate controller's roles, where they are. */
const places: readonly { readonly file: string; readonly namespace?: string }[] = [
  { file: "base/certs/cluster-role.yaml" },
  { file: "base/certs/role.yaml", namespace: systemNamespace },
  { file: "components/provider-namespace/role.yaml", namespace: providerNamespace },
];

interface PlacedRole extends ShippedRole {
  readonly namespace?: string;
}

function certsRoles(): readonly PlacedRole[] {
  return places.flatMap(({ file, ...place }) =>
    shippedRoles(file).map((role) => ({ ...role, ...place, rules: role.rules.flatMap(named) })),
  );
}

/** A rule as one rule for each name. */
function named(rule: PolicyRule): readonly PolicyRule[] {
  return rule.resourceNames?.map((name) => ({ ...rule, resourceNames: [name] })) ?? [rule];
}

function rightOf({ namespace }: PlacedRole, { resources, resourceNames, verbs }: PolicyRule): Right {
  const [[resource = ""], [verb = ""], [name] = []] = [resources, verbs, resourceNames];
  const text = [verb, resource, ...(name ? [name] : []), ...(namespace ? [`in ${namespace}`] : [])].join(" ");
  return { text, verb, resource, ...(name !== undefined && { name }), ...(namespace !== undefined && { namespace }) };
}

/** Every right of the certificate controller. */
export function certsRights(): readonly Right[] {
  return certsRoles().flatMap((role) => role.rules.map((rule) => rightOf(role, rule)));
}

/** Leaves all rights but these; resolves when the API server decides so. */
export async function leaveWithout(world: CertsInstallation, ...taken: readonly string[]): Promise<void> {
  const { api, username } = world;
  for (const role of certsRoles()) {
    const kept = role.rules.filter((rule) => !taken.includes(rightOf(role, rule).text));
    await setRules(api, role, role.namespace ?? "", kept);
  }
  await Promise.all(
    certsRights().map(async ({ text, verb, resource, name = "any", namespace = "any" }) => {
      const spec = { user: username, resourceAttributes: { verb, group: "", resource, name, namespace } };
      await until(
        async () => {
          const { body } = await api.request("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", { spec });
          const { status } = body as { readonly status: { readonly allowed: boolean } };
          return status.allowed !== taken.includes(text);
        },
        () => `${text} is not ${taken.includes(text) ? "taken" : "given"}`,
      );
    }),
  );
}

/** A request of the certificate controller. */
export interface CertsRequest {
  /** The shipped right that it takes; undefined: none gives it. */
  readonly right: string | undefined;
  /** "get secrets team/app", for messages. */
  readonly what: string;
  /** Its rights did not allow it. What the admission policy refuses is allowed here. */
  readonly isDenied: boolean;
}

/** What it asked for, by the audit log. */
export function certsRequests({ api, username }: CertsInstallation): readonly CertsRequest[] {
  const rights = certsRights();
  return api
    .auditLines()
    .filter(({ user, objectRef }) => user.username === username && objectRef !== undefined)
    .map((event) => ({
      right: rights.find((right) => isUse(right, event))?.text,
      what: `${event.verb} ${event.objectRef?.resource} ${event.objectRef?.namespace}/${event.objectRef?.name}`,
      isDenied: event.annotations?.["authorization.k8s.io/decision"] === "forbid",
    }));
}

function isUse(right: Right, { verb, objectRef }: AuditEvent): boolean {
  return (
    right.verb === verb &&
    right.resource === objectRef?.resource &&
    (right.name ?? objectRef.name) === objectRef.name &&
    (right.namespace ?? objectRef.namespace) === objectRef.namespace
  );
}
