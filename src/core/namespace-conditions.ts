import { ProviderError } from "../api/errors.ts";
import type { LabelSelector, NamespaceCondition } from "../api/kinds/namespace-condition.ts";
import type { NamespaceObject } from "../cluster/objects.ts";

type Labels = NamespaceObject["labels"];

/**
 * Whether the conditions of a ClusterSecretStore or ClusterProviderClass let a namespace in: any entry that matches does, by selector, by name or
 * by regular expression. No conditions let all in. Rejects with InvalidConfig for what is no selector or no RE2.
 */
export async function letsIn(
  conditions: readonly NamespaceCondition[],
  { name, labels }: NamespaceObject,
): Promise<boolean> {
  if (conditions.length === 0) return true;
  for (const [index, { namespaceSelector, namespaces, namespaceRegexes }] of conditions.entries()) {
    if (namespaceSelector && selects(namespaceSelector, labels, `spec.conditions[${index}].namespaceSelector`))
      return true;
    if (namespaces?.includes(name)) return true;
    if (!namespaceRegexes?.length) continue;
    // RE2 is loaded by the first store that needs it.
    const { compileRe2 } = await import("../api/re2.ts");
    const matches = (pattern: string, at: number) =>
      compileRe2(pattern, `spec.conditions[${index}].namespaceRegexes[${at}]`).matches(name);
    if (namespaceRegexes.some(matches)) return true;
  }
  return false;
}

/** Kubernetes' LabelSelector: everything in it must hold; an empty one selects all. */
function selects({ matchLabels, matchExpressions }: LabelSelector, labels: Labels, field: string): boolean {
  const label = (key: string) => (Object.hasOwn(labels, key) ? labels[key] : undefined);
  return (
    Object.entries(matchLabels ?? {}).every(([key, value]) => label(key) === value) &&
    (matchExpressions ?? []).every(({ key, operator, values = [] }) => {
      const value = label(key);
      switch (operator) {
        case "In":
          return value !== undefined && values.includes(value);
        case "NotIn":
          return value === undefined || !values.includes(value);
        case "Exists":
          return value !== undefined;
        case "DoesNotExist":
          return value === undefined;
        default:
          throw new ProviderError(
            "InvalidConfig",
            `${field}: ${JSON.stringify(operator)} is not a valid label selector operator; use In, NotIn, Exists or DoesNotExist`,
          );
      }
    })
  );
}
