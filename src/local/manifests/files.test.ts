import { symlink } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "tap";
import { loadSchemas } from "../cluster/schemas.ts";
import { formatManifestError } from "./errors.ts";
import { loadManifests } from "./manifests.ts";

const schemas = await loadSchemas(fileURLToPath(new URL("../../../deploy/crds", import.meta.url)));
const account = (name: string) => `{apiVersion: v1, kind: ServiceAccount, metadata: {name: ${name}}}`;

test("of a folder its own manifests are read, sorted, each file once", async (t) => {
  const folder = t.testdir({
    "c.json": account("c"),
    "a.yml": account("a"),
    "b.yaml": account("b"),
    "notes.txt": "not: [read",
    below: { "d.yaml": account("d") },
  });
  const { objects, errors } = await loadManifests([folder, join(folder, "a.yml")], schemas);
  t.same(errors, []);
  t.same(
    objects.map(({ key }) => key.name),
    ["a", "b", "c"],
  );
});

test("paths that cannot be read are errors beside what can", async (t) => {
  const folder = t.testdir({ empty: {}, "good.yaml": account("good") });
  await symlink(join(folder, "nowhere"), join(folder, "broken.yaml"));
  const paths = ["missing.yaml", "empty", "good.yaml", "broken.yaml", "good.yaml/x"].map((name) => join(folder, name));
  const { objects, errors } = await loadManifests(paths, schemas);
  t.equal(objects.length, 1);
  t.same(
    errors.map((error) => formatManifestError(error).slice(folder.length + 1)),
    [
      "missing.yaml: no such file or folder",
      "empty: the folder has no *.yaml, *.yml or *.json",
      "broken.yaml: no such file or folder",
      "good.yaml/x: no such file or folder",
    ],
  );
});
