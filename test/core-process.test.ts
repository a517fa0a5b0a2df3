import { spawnSync } from "node:child_process";
import { join } from "node:path";
import tap, { test } from "tap";
import { policiesRule } from "./admission.ts";
import { apiServerMissing } from "./api-server.ts";
import { startBundledProvider } from "./bundled-provider.ts";
import {
  addressOf,
  classOf,
  externalSecretOf,
  fakeStore,
  install,
  quickLease,
  startCoreProcess,
  systemNamespace,
} from "./core-process.ts";
import { shippedRights } from "./core-roles.ts";
import { directlyUsed, ownProvider, providerOf, unreachableVault } from "./core-uses.ts";
import { becomes, lease, requests, tools } from "./core-observation.ts";
import { plantSecret, until } from "./e2e/outboard.ts";
import { plainCommand } from "./plain-command.ts";
import { dist, root } from "./test-bundles.ts";

tap.setTimeout(300_000);

// Who puts ClusterRoles together.
const parts = { controllerManager: true } as const;
const skip = apiServerMissing(parts);
test("core as a process before a real API server, under the shipped rights", { skip }, async (t) => {
  const world = await install("base", [], "fake", parts);
  t.teardown(() => world.stop());
  const { namespace, ready, condition, password, events, holder, end } = tools(world);
  const { kubectl } = world.api;

  await t.test("without its kinds it is ready and says how to mend it; once they are there it works", async (t) => {
    const core = await startCoreProcess(t, world);
    t.match(await core.ask("/healthz"), "ok");
    await becomes("/readyz", () => core.ask("/readyz"), "ready\n");
    await core.said("the Lease is held");
    const plurals = ["externalsecrets", "secretstores", "clustersecretstores", "providers", "clusterproviders"];
    const missing = [...plurals, "providerclasses", "clusterproviderclasses"];
    const lines = core.log().filter(({ msg }) => msg === "the API server does not have this kind");
    t.equal(lines.length, missing.length, "one line for each");
    t.strictSame(new Set(lines.map(({ objects }) => objects)), new Set(missing));
    t.match(lines[0], { remedy: /deploy\/crds/ });
    await world.applyCrds();
    const metrics = await core.ask("/metrics");
    t.match(metrics, 'leader_election_master_status{name="external-secrets-controller"} 1');
    t.match(metrics, /rest_client_requests_total\{code="200",host="localhost:\d+",method="GET"\} [1-9]/);
    t.match(metrics, 'outboard_queue_overdue_seconds{controller="ExternalSecret",state="due"} 0');
    t.match(metrics, /nodejs_eventloop_lag_seconds/);
    await world.apply("default", classOf("fake"));
    await ready("default", "clusterproviderclass/fake", { status: "True" });
    await end(t, core);
    t.equal(await holder(), "", "the Lease was given back");
  });

  await t.test("an ExternalSecret syncs, and its Secret is put back when edited, deleted or outdated", async (t) => {
    const [value, next] = [plantSecret(), plantSecret()];
    const space = await namespace();
    const core = await startCoreProcess(t, world);
    await world.apply(space, fakeStore({ db: value }), externalSecretOf("db"));
    await ready(space, "externalsecret/app", { status: "True", message: "secret synced" });
    t.equal(await password(space), value);
    const { metadata } = (await world.get(space, "externalsecret/app")) ?? {};
    t.strictSame(metadata?.finalizers, undefined, "no finalizer");
    const columns = (await kubectl(["-n", space, "get", "externalsecret", "app"])).split("\n")[1]?.split(/\s+/);
    t.match(columns, ["app", "main", "1h0m0s", "SecretSynced", "True"]);

    await kubectl(["-n", space, "patch", "secret", "app", "--type=merge", "-p", '{"stringData":{"password":"x"}}']);
    await becomes("the edited Secret", () => password(space), value);
    await kubectl(["-n", space, "delete", "secret", "app"]);
    await becomes("the deleted Secret", () => password(space), value);
    await world.apply(space, fakeStore({ db: next }), externalSecretOf("db", { refreshInterval: "30m" }));
    await becomes("the Secret after a change", () => password(space), next);
    await world.apply(space, externalSecretOf("db", { target: { name: "other" } }));
    await becomes("the Secret under its new name", () => password(space, "other"), next);
    await becomes("the orphaned Secret", () => password(space), undefined);

    await kubectl(["-n", space, "delete", "secretstore", "main"]);
    await kubectl(["-n", space, "annotate", "externalsecret", "app", "force-sync=1"]);
    await ready(space, "externalsecret/app", { status: "False" });
    t.equal(await password(space, "other"), next, "what was synced stays");
    await world.apply(space, fakeStore({ db: next }));
    await ready(space, "externalsecret/app", { status: "True" });

    const finalizer = "externalsecrets.external-secrets.io/externalsecret-cleanup";
    await world.apply(space, externalSecretOf("db", {}, { name: "theirs", finalizers: [finalizer] }));
    await ready(space, "externalsecret/theirs", { status: "True" });
    await kubectl(["-n", space, "delete", "externalsecret", "theirs", "--timeout=60s"]);
    t.equal(await world.get(space, "externalsecret/theirs"), undefined, "ESO's finalizer does not hold it");
    await end(t, core);
  });

  await t.test("asked to end, it finishes what it has in hand", async (t) => {
    const space = await namespace();
    const core = await startCoreProcess(t, world);
    await world.apply(space, fakeStore({ db: "value" }));
    await ready(space, "secretstore/main", { status: "True" });
    world.provider.process.kill("SIGSTOP");
    t.teardown(() => world.provider.process.kill("SIGCONT"));
    await world.apply(space, externalSecretOf("db"));
    await until(
      async () => /queue_depth\{controller="ExternalSecret",state="active"\} 1/.test(await core.ask("/metrics")),
      () => "it is not being reconciled",
    );
    core.process.kill("SIGTERM");
    await core.said("ending");
    world.provider.process.kill("SIGCONT");
    t.equal(await core.exited, 0);
    t.equal(await password(space), "value");
    t.match(await condition(space, "externalsecret/app"), { status: "True" });
    t.equal(await holder(), "");
  });

  await t.test("what the API refuses is a condition that says why", async (t) => {
    const core = await startCoreProcess(t, world);
    const setUp = async () => {
      const space = await namespace();
      await world.apply(space, fakeStore({ db: "new" }));
      await ready(space, "secretstore/main", { status: "True" });
      return space;
    };
    const secret = (more: object) => ({ apiVersion: "v1", kind: "Secret", metadata: { name: "app" }, ...more });

    const full = await setUp();
    const quota = { apiVersion: "v1", kind: "ResourceQuota", metadata: { name: "none" } };
    const spec = { hard: { "count/secrets": "0" } };
    await world.apply(full, { ...quota, spec });
    const status = { ...spec, used: { "count/secrets": "0" } };
    // The quota controller's work, which does not run here.
    const path = `/api/v1/namespaces/${full}/resourcequotas/none/status`;
    await world.api.request("PATCH", path, { status }, "application/merge-patch+json");
    await world.apply(full, externalSecretOf("db"));
    await ready(full, "externalsecret/app", {
      status: "False",
      message: "could not update secret: the resource quota of the namespace is used up",
    });
    t.match((await events(full)).join("\n"), /UpdateFailed: .*exceeded quota: none/);

    const token = await setUp();
    await policiesRule(world.api);
    await world.apply(
      token,
      secret({ type: "bootstrap.kubernetes.io/token", stringData: { password: "old" } }),
      externalSecretOf("db"),
    );
    await ready(token, "externalsecret/app", { status: "False", message: "could not update secret" });
    t.match((await events(token)).join("\n"), /UpdateFailed: .*core writes no Secret that is a token of the cluster/);
    t.equal(await password(token), "old");

    const immutable = await setUp();
    await world.apply(immutable, secret({ immutable: true, stringData: { password: "old" } }), externalSecretOf("db"));
    await ready(immutable, "externalsecret/app", {
      status: "False",
      message: "could not update secret, target is immutable",
    });
    t.equal(await password(immutable), "old");

    const typed = await setUp();
    const template = { type: "kubernetes.io/basic-auth" };
    await world.apply(
      typed,
      secret({ stringData: { password: "old" } }),
      externalSecretOf("db", { target: { template } }),
    );
    await ready(typed, "externalsecret/app", {
      status: "False",
      message: "could not update secret, the type of a secret cannot be changed: delete the secret",
    });
    await kubectl(["-n", typed, "delete", "secret", "app"]);
    await ready(typed, "externalsecret/app", { status: "True" });

    const going = await setUp();
    await world.apply(going, externalSecretOf("db"));
    await ready(going, "externalsecret/app", { status: "True" });
    await kubectl(["delete", "namespace", going, "--wait=false"]);
    await kubectl(["-n", going, "delete", "secret", "app"]);
    await ready(going, "externalsecret/app", {
      status: "False",
      message: "could not update secret: the namespace is being terminated",
    });

    const adopted = await setUp();
    const annotations = { note: "kept" };
    await world.apply(
      adopted,
      secret({ metadata: { name: "app", annotations }, stringData: { password: "old" } }),
      externalSecretOf("db"),
    );
    await ready(adopted, "externalsecret/app", { status: "True" });
    t.match((await world.get(adopted, "secret/app"))?.metadata.annotations, annotations, "a Secret that is taken over");
    t.equal(await password(adopted), "new");
    await end(t, core);
  });

  await t.test("an object whose status another operator takes is left alone, the others are not", async (t) => {
    const space = await namespace();
    const core = await startCoreProcess(t, world);
    await world.apply(
      space,
      fakeStore({ db: "first" }),
      externalSecretOf("db"),
      externalSecretOf("db", {}, { name: "b" }),
    );
    await ready(space, "externalsecret/app", { status: "True" });
    await ready(space, "externalsecret/b", { status: "True" });
    await until(
      async () => {
        const refreshTime = new Date().toISOString().replace(/\.\d+/, "");
        const patch = JSON.stringify({ status: { refreshTime } });
        const patched = ["patch", "externalsecret", "app", "--subresource=status", "--type=merge", "-p", patch];
        await kubectl(["-n", space, ...patched, "--field-manager=external-secrets"]);
        await kubectl(["-n", space, "annotate", "--overwrite", "externalsecret", "app", `look=${Date.now()}`]);
        return (await events(space)).some((event) => event.startsWith("AnotherOperator: external-secrets wrote"));
      },
      () => "the other operator was not noticed",
    );
    t.match(await core.ask("/metrics"), /outboard_left_alone_total\{kind="ExternalSecret"\} [1-9]/);
    await world.apply(space, fakeStore({ db: "second" }));
    await kubectl(["-n", space, "annotate", "externalsecret", "--all", "--overwrite", "look=now"]);
    await becomes("the other's Secret", () => password(space, "b"), "second");
    t.equal(await password(space), "first", "the contested one's stays");
    await end(t, core);
  });

  await t.test("while another holds the Lease nothing is written; of two cores the other goes on", async (t) => {
    const space = await namespace();
    const spec = { holderIdentity: "eso_1", leaseDurationSeconds: 15, leaseTransitions: 4 };
    const leaseObject = {
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: { name: lease.path.slice(6) },
    };
    await kubectl(["-n", lease.namespace, "delete", ...lease.path.split("/")]);
    const renew = async () => {
      const renewTime = new Date().toISOString().replace("Z", "000Z");
      await world.apply(lease.namespace, { ...leaseObject, spec: { ...spec, renewTime } });
    };
    await renew();
    await world.apply(space, fakeStore({ db: "value" }), externalSecretOf("db"));
    const first = await startCoreProcess(t, world, quickLease);
    await first.said("another process holds the Lease: nothing is written");
    t.equal(await first.ask("/readyz"), "ready\n", "a second replica is ready, or a rollout would wait for ever");
    await renew();
    t.equal(await condition(space, "secretstore/main"), undefined, "nothing is written");

    await kubectl(["-n", lease.namespace, "delete", ...lease.path.split("/")]);
    await ready(space, "externalsecret/app", { status: "True" });
    const second = await startCoreProcess(t, world, quickLease);
    await second.said("another process holds the Lease: nothing is written");
    first.process.kill("SIGKILL");
    await second.said("the Lease is held");
    await kubectl(["-n", space, "delete", "secret", "app"]);
    await becomes("the Secret, by the second", () => password(space), "value");

    const taken = JSON.stringify({ spec: { holderIdentity: "eso_2", leaseDurationSeconds: 4 } });
    await kubectl(["-n", lease.namespace, "patch", ...lease.path.split("/"), "--type=merge", "-p", taken]);
    await second.said("the Lease was lost: work stopped, and it is wanted again");
    await until(
      () => second.log().filter(({ msg }) => msg === "the Lease is held").length === 2,
      () => "it is no candidate again",
    );
    await end(t, second);
  });

  await t.test(
    "a core with a class of its own has a Lease of its own, for which it has no right until it is given",
    async (t) => {
      const core = await startCoreProcess(t, world, [...quickLease, "--controller-class=mine"]);
      await core.said("a request for the Lease failed");
      await end(t, core);
    },
  );

  await t.test("objects of kinds that are not reconciled are counted and named at start", async (t) => {
    const space = await namespace();
    const names = { kind: "PushSecret", plural: "pushsecrets", singular: "pushsecret" };
    const schema = { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } };
    await world.apply("default", {
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      metadata: { name: "pushsecrets.external-secrets.io" },
      spec: {
        group: "external-secrets.io",
        scope: "Namespaced",
        names,
        versions: [{ name: "v1alpha1", served: true, storage: true, schema }],
      },
    });
    await kubectl(["wait", "--for=condition=established", "crd/pushsecrets.external-secrets.io", "--timeout=60s"]);
    const push = (name: string) => ({
      apiVersion: "external-secrets.io/v1alpha1",
      kind: "PushSecret",
      metadata: { name },
    });
    await world.apply(space, push("a"), push("b"));
    const core = await startCoreProcess(t, world);
    await core.said("objects of these kinds are not reconciled by this version");
    t.match(
      core.log().find(({ msg }) => msg === "objects of these kinds are not reconciled by this version"),
      { objects: { PushSecret: 2 } },
    );
    const metrics = await core.ask("/metrics");
    t.match(metrics, 'outboard_unreconciled_objects{kind="PushSecret"} 2');
    t.match(metrics, 'outboard_unreconciled_objects{kind="ClusterExternalSecret"} 0');
    await end(t, core);
  });

  await t.test("the all-in-one build does the same with providers in its own process", async (t) => {
    const out = join(root, ".outboard", "test-bundles");
    const build = [join(root, "scripts", "build-provider.mjs"), "--all-in-one", "fake,vault", "--out", out];
    t.equal(spawnSync(...plainCommand(process.execPath, build), { stdio: "inherit" }).status, 0);
    const value = plantSecret();
    const space = await namespace();
    const core = await startCoreProcess(t, world, [], join(out, "all-in-one", "outboard.cjs"));
    await world.apply(space, fakeStore({ db: value }, { runtimeRef: undefined }), externalSecretOf("db"));
    await ready(space, "externalsecret/app", { status: "True", message: "secret synced" });
    t.equal(await password(space), value);
    const unknown = { metadata: { name: "main" }, spec: { provider: { doppler: {} } } };
    await kubectl(["-n", space, "delete", "secretstore", "main"]);
    await world.apply(space, { apiVersion: "external-secrets.io/v1", kind: "SecretStore", ...unknown });
    await ready(space, "secretstore/main", { status: "False" });
    t.match(await condition(space, "secretstore/main"), { reason: "ProviderNotFound", message: /fake, vault/ });
    await end(t, core);
  });

  await t.test("each right of the shipped roles is used, and no other was asked for", async (t) => {
    const space = await namespace();
    const vault = await startBundledProvider(dist, "vault", world.provider.keys);
    t.teardown(() => vault.stop());
    const core = await startCoreProcess(t, world, [`--resolve=${addressOf("vault")}=127.0.0.1:${vault.port}`]);
    const { kind: _, ...fake } = fakeStore({ db: "value" }) as { readonly kind: string };
    await world.apply("default", classOf("vault"), { ...fake, kind: "ClusterSecretStore" });
    await world.apply(space, { ...classOf("fake"), kind: "ProviderClass" });
    await world.apply(space, ...unreachableVault(world.provider.keys.core.ca));
    await world.apply(space, ...directlyUsed("Fake"), ...directlyUsed("Vault"), ...ownProvider(space));
    await world.apply(space, providerOf("main", addressOf("fake"), space));
    await ready("default", "clustersecretstore/main", { status: "True" });
    await ready(space, "secretstore/vault", { status: "False" });
    await ready("default", "clusterprovider/main", { status: "True" });
    await ready(space, "provider/own", { status: "False" });
    const held = { name: "held", finalizers: ["secretstore.externalsecrets.io/finalizer"] };
    const stores = ["SecretStore", "ClusterSecretStore"].map((kind) => ({ ...fake, kind, metadata: held }));
    await world.apply(space, ...stores);
    await kubectl(["-n", space, "delete", "secretstore/held", "clustersecretstore/held", "--timeout=60s"]);

    const rights = shippedRights();
    let unused: readonly string[] = [];
    await until(
      () => {
        const used = new Set(requests(world).flatMap(({ right, isShipped }) => (isShipped ? [right] : [])));
        unused = rights.filter((right) => !used.has(right));
        return unused.length === 0;
      },
      () => `rights that nothing used: ${unused.join(", ")}`,
    );
    const denied = new Set(requests(world).flatMap(({ right, isDenied }) => (isDenied ? [right] : [])));
    t.strictSame([...denied], ["get coordination.k8s.io/leases"], "none but that of the class's own Lease, above");
    await end(t, core);
  });

  await t.test(
    "a provider's pod passes the strictest Pod Security Standard, and its account may read no Secret",
    async (t) => {
      for (const name of ["fake", "vault"]) {
        await kubectl(["apply", "-k", join(root, "deploy", "kustomize", "providers", name)]);
        const user = `system:serviceaccount:${systemNamespace}:provider-${name}`;
        const spec = {
          user,
          groups: ["system:serviceaccounts"],
          resourceAttributes: { verb: "get", resource: "secrets" },
        };
        const review = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
        t.match(await world.api.request("POST", review, { spec }), {
          status: 201,
          body: { status: { allowed: false } },
        });
      }
      for (const name of ["outboard-core", "outboard-certs", "provider-fake", "provider-vault"]) {
        const deployment = await world.get(systemNamespace, `deployment/${name}`);
        const template = deployment?.spec?.["template"] as { readonly metadata: object } | undefined;
        const pod = { ...template, apiVersion: "v1", kind: "Pod", metadata: { ...template?.metadata, name } };
        const path = `/api/v1/namespaces/${systemNamespace}/pods?dryRun=All`;
        const { status, body } = await world.api.request("POST", path, pod);
        t.equal(status, 201, JSON.stringify(body));
      }
    },
  );
});
