import { join } from "node:path";
import { test } from "tap";
import { loadSchemas } from "./schemas.ts";

test("a folder of CRDs that holds something else is refused", async (t) => {
  const folder = t.testdir({ "a.yaml": "kind: ConfigMap\n" });
  await t.rejects(loadSchemas(folder), { message: `${join(folder, "a.yaml")} is not a CustomResourceDefinition` });
});
