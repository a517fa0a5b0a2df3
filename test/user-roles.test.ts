import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "tap";
import { parse } from "yaml";
import { shippedRoles } from "./shipped-roles.ts";
import { root } from "./test-bundles.ts";

interface Definition {
  readonly spec: { readonly group: string; readonly scope: string; readonly names: { readonly plural: string } };
}

const folder = join(root, "deploy", "crds");
const definitions = readdirSync(folder).map((file): Definition => parse(readFileSync(join(folder, file), "utf8")));

/** "GROUP/RESOURCE VERB" of each right of a role. */
function rightsOf(file: string, name: string): ReadonlySet<string> {
  const rules = shippedRoles(file).find((role) => role.name === name)?.rules ?? [];
  return new Set(
    rules.map(({ apiGroups, resources, verbs }) => `${apiGroups.join()}/${resources.join()} ${verbs.join()}`),
  );
}

/** Those rights for kinds of a scope, or of a group. */
function expected(verbs: readonly string[], wanted: (definition: Definition) => boolean): ReadonlySet<string> {
  return new Set(
    definitions
      .filter(wanted)
      .flatMap(({ spec: { group, names } }) => verbs.map((verb) => `${group}/${names.plural} ${verb}`)),
  );
}

test("the roles of users name each kind that is shipped, and edit none of the cluster's", (t) => {
  const users = "base/user-roles.yaml";
  t.strictSame(
    rightsOf(users, "outboard-view"),
    expected(["get", "list", "watch"], () => true),
  );
  const writes = ["create", "update", "patch", "delete", "deletecollection"];
  t.strictSame(
    rightsOf(users, "outboard-edit"),
    expected(writes, ({ spec }) => spec.scope === "Namespaced"),
  );
  t.end();
});

test("core may read each config kind that is shipped, and write its status", (t) => {
  const isConfig = ({ spec }: Definition) => spec.group === "provider.external-secrets.io";
  const kinds = expected(["list", "watch"], isConfig);
  const statuses = [...expected(["update"], isConfig)].map((right) => right.replace(" ", "/status "));
  t.strictSame(rightsOf("base/config-kinds.yaml", "outboard-config-kinds"), new Set([...kinds, ...statuses]));
  t.end();
});
