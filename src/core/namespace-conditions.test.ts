import { test } from "tap";
import type { NamespaceCondition } from "../api/kinds/namespace-condition.ts";
import { letsIn } from "./namespace-conditions.ts";

const expression = (key: string, operator: string, values?: string[]): NamespaceCondition => ({
  namespaceSelector: { matchExpressions: [{ key, operator, ...(values && { values }) }] },
});

test("which namespaces the conditions of a cluster store let in", async (t) => {
  const namespace = { name: "team-a", labels: { env: "prod", "kubernetes.io/metadata.name": "team-a" } };
  const table: readonly (readonly [what: string, conditions: readonly NamespaceCondition[], expected: boolean])[] = [
    ["none", [], true],
    ["an empty one", [{}], false],
    ["by name", [{ namespaces: ["other", "team-a"] }], true],
    ["another name", [{ namespaces: ["team"] }], false],
    ["by label", [{ namespaceSelector: { matchLabels: { env: "prod" } } }], true],
    ["another label", [{ namespaceSelector: { matchLabels: { env: "dev" } } }], false],
    ["any label", [{ namespaceSelector: {} }], true],
    ["In", [expression("env", "In", ["dev", "prod"])], true],
    ["NotIn", [expression("env", "NotIn", ["prod"])], false],
    ["NotIn, label missing", [expression("x", "NotIn", ["prod"])], true],
    ["Exists", [expression("x", "Exists")], false],
    ["DoesNotExist", [expression("constructor", "DoesNotExist")], true],
    ["by part of the name", [{ namespaceRegexes: ["am-"] }], true],
    ["anchored by the user", [{ namespaceRegexes: ["^a"] }], false],
    ["any of several", [{ namespaces: ["x"] }, { namespaces: ["y"], namespaceRegexes: ["a$"] }], true],
  ];
  for (const [what, conditions, expected] of table) t.equal(await letsIn(conditions, namespace), expected, what);
  await t.rejects(letsIn([{ namespaceRegexes: ["("] }], namespace), {
    code: "InvalidConfig",
    message: /namespaceRegexes\[0\]/,
  });
  await t.rejects(letsIn([expression("env", "Like")], namespace), {
    code: "InvalidConfig",
    message: /spec\.conditions\[0\]/,
  });
});
