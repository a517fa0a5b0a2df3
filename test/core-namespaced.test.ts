import { join } from "node:path";
import { test } from "tap";
import { apiServerMissing } from "./api-server.ts";
import { classOf, externalSecretOf, fakeStore, install, startCoreProcess } from "./core-process.ts";
import { requests, tools } from "./core-observation.ts";

// Who puts ClusterRoles together.
const parts = { controllerManager: true } as const;

test("core with Roles in two namespaces only", { skip: apiServerMissing(parts) }, async (t) => {
  const world = await install(join("examples", "namespaced"), ["team-a", "team-b"], "fake", parts);
  t.teardown(() => world.stop());
  const { ready, end } = tools(world);
  await world.applyCrds();
  const core = await startCoreProcess(t, world);
  await world.api.kubectl(["create", "namespace", "team-c"]);
  const { spec, ...rest } = classOf("fake") as { readonly spec: object };
  for (const space of ["team-a", "team-b", "team-c"]) {
    await world.applyCertificates(space);
    await world.apply(
      space,
      { ...rest, spec, kind: "ProviderClass" },
      fakeStore({ db: "value" }, { runtimeRef: { kind: "ProviderClass", name: "fake" } }),
      externalSecretOf("db"),
    );
  }
  await ready("team-a", "externalsecret/app", { status: "True" });
  await ready("team-b", "externalsecret/app", { status: "True" });
  t.equal((await world.get("team-c", "externalsecret/app"))?.status, undefined, "not its namespace");
  t.strictSame(
    requests(world).filter(({ isDenied }) => isDenied),
    [],
    "no right was missing",
  );
  await end(t, core);
});
