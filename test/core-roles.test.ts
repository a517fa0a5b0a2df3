import { join } from "node:path";
import root, { test } from "tap";
import { providerConfigMark as configMark } from "../src/api/provider-labels.ts";
import { apiServerMissing } from "./api-server.ts";
import { startBundledProvider } from "./bundled-provider.ts";
import { becomes, lease, requests, tools } from "./core-observation.ts";
import {
  addressOf,
  classOf,
  externalSecretOf,
  fakeStore,
  install,
  quickLease,
  startCoreProcess,
} from "./core-process.ts";
import { namespacedRights, roleControl, shippedRights } from "./core-roles.ts";
import { ownProvider, usesOf, type Use } from "./core-uses.ts";
import { until } from "./e2e/outboard.ts";
import { dist } from "./test-bundles.ts";

root.setTimeout(300_000);

/** Views, by what they list and watch. */
const views: ReadonlyMap<string, readonly string[]> = new Map([
  ["external-secrets.io/externalsecrets", ["externalsecrets"]],
  ["external-secrets.io/secretstores", ["secretstores"]],
  ["external-secrets.io/clustersecretstores", ["clustersecretstores"]],
  ["external-secrets.io/providers", ["providers"]],
  ["external-secrets.io/clusterproviders", ["clusterproviders"]],
  ["external-secrets.io/providerclasses", ["providerclasses"]],
  ["external-secrets.io/clusterproviderclasses", ["clusterproviderclasses"]],
  ["/secrets", ["managed Secrets", "other Secrets"]],
  ["/configmaps", ["configmaps"]],
  ["/serviceaccounts", ["serviceaccounts"]],
  ["/namespaces", ["namespaces"]],
  ["/services", ["labelled Services"]],
  ["apiextensions.k8s.io/customresourcedefinitions", ["labelled customresourcedefinitions"]],
]);

/** Views of kinds that are followed: they hold up nothing. */
const followed: ReadonlyMap<string, string> = new Map(
  ["fakes", "vaults"].map((plural) => [
    `provider.external-secrets.io/${plural}`,
    `${plural}.provider.external-secrets.io`,
  ]),
);

/** Kinds that are counted at start. */
const counted: ReadonlyMap<string, string> = new Map([
  ["external-secrets.io/pushsecrets", "PushSecret"],
  ["external-secrets.io/clusterexternalsecrets", "ClusterExternalSecret"],
  ["external-secrets.io/clusterpushsecrets", "ClusterPushSecret"],
  ["generators.external-secrets.io/generatorstates", "GeneratorState"],
]);

// Who puts ClusterRoles together.
const parts = { controllerManager: true } as const;

test(
  "without any one right of the shipped Roles core fails at what needs it",
  { skip: apiServerMissing(parts) },
  async (t) => {
    const world = await install("base", [], "fake", parts);
    t.teardown(() => world.stop());
    await world.applyCrds();
    const vault = await startBundledProvider(dist, "vault", world.provider.keys);
    t.teardown(() => vault.stop());
    const { kubectl } = world.api;
    const { namespace, ready, holder, end } = tools(world);
    const roles = roleControl(world);
    const tested = new Set<string>();
    const take = async (...rights: readonly string[]) => {
      for (const right of rights) tested.add(right);
      // It may ask before the API server's decision is seen here.
      const since = requests(world).length;
      await roles.without(...rights);
      return since;
    };
    /** Core asked for the right since then, and was refused. */
    const refused = (right: string, since: number) =>
      until(
        () =>
          requests(world)
            .slice(since)
            .some((request) => request.isDenied && request.right === right),
        () => `core was not refused ${right}`,
      );

    const lists = Array.from(views.keys(), (resource) => `list ${resource}`);
    const watches = [...views.keys(), ...followed.keys()].map((resource) => `watch ${resource}`);
    const watched = [...[...views.values()].flat(), ...followed.values()];
    const counts = Array.from(counted.keys(), (resource) => `list ${resource}`);
    await take(...lists, ...counts);
    const core = await startCoreProcess(t, world, [
      ...quickLease,
      `--resolve=${addressOf("vault")}=127.0.0.1:${vault.port}`,
    ]);

    const viewIs = (name: string, news: string) =>
      until(
        () => core.log().findLast(({ objects }) => objects === name)?.["msg"] === news,
        () => `of ${name} core never said last that its ${news}`,
      );

    await t.test("list: it waits for each view, and says for which", async () => {
      const waiting = [...views.values()].flat().map((name) => new RegExp(`waiting for ${name}: .*403`));
      let said = "";
      await until(
        async () => {
          said = await core.ask("/readyz");
          return waiting.every((line) => line.test(said));
        },
        () => `it says ${said}`,
      );
    });

    await t.test("watch: it says which view is behind; list of what is counted: it says what cannot be", async () => {
      const since = await take(...watches, ...counts);
      await becomes("/readyz", () => core.ask("/readyz"), "ready\n");
      for (const right of [...watches, ...counts]) await refused(right, since);
      for (const name of watched) await viewIs(name, "view is behind");
      for (const kind of counted.values()) {
        await until(
          () => core.log().some((line) => line["msg"] === "cannot be counted" && line["kind"] === kind),
          () => `core never said that ${kind} cannot be counted`,
        );
      }
      await roles.without();
      for (const name of watched) await viewIs(name, "view is up to date again");
    });

    await t.test("list of a kind that is followed: it says which is behind", async () => {
      const since = await take(...Array.from(followed.keys(), (resource) => `list ${resource}`));
      for (const [resource, name] of followed) {
        for (const mark of ["false", "true"])
          await kubectl(["label", "crd", name, "--overwrite", `${configMark}=${mark}`]);
        await refused(`list ${resource}`, since);
        await viewIs(name, "view is behind");
      }
      await roles.without();
      for (const name of followed.values()) await viewIs(name, "view is up to date again");
    });

    await world.apply("default", classOf("fake"), classOf("vault"));
    await ready("default", "clusterproviderclass/fake", { status: "True" });

    const uses = usesOf(world);
    const done = ({ right, isDone }: Use, space: string) =>
      until(
        () => isDone(space),
        () => `what needs ${right} was never done in ${space}`,
      );
    const begun = async ({ setUp }: Use) => {
      const space = await namespace();
      await setUp?.(space);
      return space;
    };

    await t.test("with all of them each thing is done, and nothing is refused", async (t) => {
      const since = requests(world).length;
      for (const use of uses) {
        const space = await begun(use);
        await use.act(space);
        await done(use, space);
      }
      const all = requests(world).slice(since);
      t.strictSame(
        all.filter(({ isDenied }) => isDenied),
        [],
      );
    });

    const left = new Map<Use, string>();
    for (const use of uses) {
      await t.test(`without ${use.right}`, async (t) => {
        const space = await begun(use);
        const since = await take(use.right);
        await use.act(space);
        await refused(use.right, since);
        t.notOk(await use.isDone(space), "it is not done");
        left.set(use, space);
        await roles.without();
      });
    }

    await t.test("given back, what was left is done", async () => {
      // A refused event is given up: nothing waits for it.
      for (const [use, space] of left) if (use.right !== "create /events") await done(use, space);
    });

    const slices = "watch discovery.k8s.io/endpointslices";
    await t.test(`without ${slices}`, async () => {
      const space = await namespace();
      const since = await take(slices);
      await world.apply(space, ...ownProvider(space));
      await refused(slices, since);
      await viewIs(`endpointslices of ${space}/own`, "view is behind");
      await roles.without();
      await viewIs(`endpointslices of ${space}/own`, "view is up to date again");
    });

    const leases = "coordination.k8s.io/leases";
    const isHeld = async () => ((await holder()) ?? "") !== "";

    await t.test(`without patch ${leases}`, async () => {
      const since = await take(`patch ${leases}`);
      await refused(`patch ${leases}`, since);
      await core.said("the Lease was lost: work stopped, and it is wanted again");
      await roles.without();
      await until(
        () => core.log().filter(({ msg }) => msg === "the Lease is held").length > 1,
        () => "core does not lead again",
      );
    });

    for (const verb of ["create", "get"]) {
      await t.test(`without ${verb} ${leases}`, async (t) => {
        const since = await take(`${verb} ${leases}`);
        await kubectl(["-n", lease.namespace, "delete", ...lease.path.split("/")]);
        await refused(`${verb} ${leases}`, since);
        t.notOk(await isHeld(), "nobody holds it");
        await roles.without();
        await until(isHeld, () => "core does not hold it again");
      });
    }

    t.strictSame([...tested].toSorted(), shippedRights().toSorted(), "that was each right");
    await end(t, core);
  },
);

test(
  "where owner references are guarded the openshift component's right is needed",
  {
    skip: apiServerMissing(parts),
  },
  async (t) => {
    const admissionPlugins = ["OwnerReferencesPermissionEnforcement"];
    const world = await install(join("examples", "openshift"), [], "fake", { ...parts, admissionPlugins });
    t.teardown(() => world.stop());
    await world.applyCrds();
    await world.apply("default", classOf("fake"));
    const { namespace, ready, password, events, end } = tools(world);
    const core = await startCoreProcess(t, world);
    const sync = async () => {
      const space = await namespace();
      await world.apply(space, fakeStore({ db: "value" }), externalSecretOf("db"));
      return space;
    };
    const first = await sync();
    await ready(first, "externalsecret/app", { status: "True" });
    t.equal(await password(first), "value");
    await roleControl(world).without();
    const second = await sync();
    await ready(second, "externalsecret/app", { status: "False" });
    t.equal(await password(second), undefined);
    await until(
      async () => /UpdateFailed: .*blockOwnerDeletion/.test((await events(second)).join("\n")),
      () => "no event says why",
    );
    await end(t, core);
  },
);

test("the Role for listed namespaces has the same rights there, but for kinds of the cluster", async (t) => {
  const ofCluster = /(\/namespaces|\/customresourcedefinitions|\/cluster\w+(\/status)?)$/;
  // A RoleBinding gives those of the aggregated ClusterRole.
  const ofConfigKinds = / provider\.external-secrets\.io\//;
  const ofLease = /leases$/;
  const wanted = shippedRights().filter((right) => ![ofCluster, ofLease, ofConfigKinds].some((of) => of.test(right)));
  t.strictSame(namespacedRights().toSorted(), wanted.toSorted());
});
