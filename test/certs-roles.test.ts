import { join } from "node:path";
import { test } from "tap";
import { apiServerMissing } from "./api-server.ts";
import {
  installCerts,
  keepsKeys,
  providerNamespace,
  startCertsProcess,
  trustedBy,
  type CertsInstallation,
  type StoredSecret,
} from "./certs-process.ts";
import { certsRequests, certsRights, leaveWithout } from "./certs-roles.ts";
import { until } from "./e2e/outboard.ts";
import { systemNamespace } from "./shipped-process.ts";

const shared = "external-secrets-provider-tls";
const ca = "eso-provider-ca-internal";
const clients = ["eso-provider-client-tls", "eso-provider-webhook-client-tls"];

/** What lists and watches are for, as /readyz and the log call it. */
const views: ReadonlyMap<string, string> = new Map([
  ["services", "labelled Services"],
  ["namespaces", "namespaces"],
  [`secrets ${shared}`, `Secrets ${shared}`],
  ...[ca, ...clients].map((name): [string, string] => [
    `secrets ${name} in ${systemNamespace}`,
    `Secret ${systemNamespace}/${name}`,
  ]),
]);

/** A right of a running certificate controller, and what it does with it. */
interface Use {
  readonly right: string;
  /** What is there before; gives where the rest happens. */
  readonly setUp: () => Promise<string>;
  readonly act: (space: string) => Promise<void>;
  readonly isDone: (space: string) => Promise<boolean>;
}

function usesOf(world: CertsInstallation): readonly Use[] {
  const { kubectl } = world.api;
  let made = 0;
  const newService = () => `provider-${++made}`;
  /** A namespace with a provider that has its certificate. */
  const provided = async () => {
    const space = await world.namespace();
    await world.service(space, "vault");
    await world.secretOnce(space, shared);
    return space;
  };
  /** A provider with a Secret of its own; gives the Service's name. */
  const providedIn = (namespace: string) => async () => {
    const name = newService();
    await world.service(namespace, name);
    await world.secretOnce(namespace, `${shared}-${name}`);
    return name;
  };
  const rotated = async (namespace: string, name: string) => {
    const secret = await world.secret(namespace, name);
    return secret !== undefined && !("external-secrets.io/rotate" in secret.annotations);
  };
  const saysIssued = async (space: string, count: number) =>
    (await world.events(space)).some((event) => event.startsWith(`CertificateIssued vault x${count}: `));

  return [
    ...clients.map((name): Use => ({
      right: `get secrets ${name} in ${systemNamespace}`,
      setUp: async () => "",
      act: () => world.rotate(systemNamespace, name),
      isDone: () => rotated(systemNamespace, name),
    })),
    {
      right: `get secrets ${ca} in ${systemNamespace}`,
      setUp: async () => "",
      act: () => world.rotate(systemNamespace, ca),
      isDone: async () => trustedBy(await world.secretOnce(systemNamespace, clients[0] ?? "")) > 1,
    },
    ...["get", "patch"].map((verb): Use => ({
      right: `${verb} secrets ${shared}`,
      setUp: provided,
      act: (space) => world.rotate(space, shared),
      isDone: (space) => rotated(space, shared),
    })),
    ...[systemNamespace, providerNamespace].map((namespace): Use => ({
      right: `patch secrets in ${namespace}`,
      setUp: providedIn(namespace),
      act: (name) => world.rotate(namespace, `${shared}-${name}`),
      isDone: (name) => rotated(namespace, `${shared}-${name}`),
    })),
    {
      right: "create secrets",
      setUp: world.namespace,
      act: (space) => world.service(space, "vault"),
      isDone: async (space) => (await world.secret(space, shared)) !== undefined,
    },
    {
      right: "create events",
      setUp: world.namespace,
      act: (space) => world.service(space, "vault"),
      isDone: (space) => saysIssued(space, 1),
    },
    {
      right: "patch events",
      setUp: async () => {
        const space = await provided();
        await until(
          () => saysIssued(space, 1),
          () => "no event says that it is made",
        );
        return space;
      },
      act: async (space) => {
        await kubectl(["-n", space, "delete", "secret", shared]);
        await world.secretOnce(space, shared);
      },
      isDone: (space) => saysIssued(space, 2),
    },
  ];
}

test(
  "without any one right of the shipped Roles the certificate controller fails at what needs it",
  { skip: apiServerMissing() },
  async (t) => {
    const world = await installCerts();
    t.teardown(() => world.stop());
    const tested = new Set<string>();
    const take = async (...rights: readonly string[]) => {
      for (const right of rights) tested.add(right);
      // It may ask before the API server's decision is seen here.
      const since = certsRequests(world).length;
      await leaveWithout(world, ...rights);
      return since;
    };
    const refused = (right: string, since: number) =>
      until(
        () =>
          certsRequests(world)
            .slice(since)
            .some((request) => request.isDenied && request.right === right),
        () => `the certificate controller was not refused ${right}`,
      );

    const rightsTo = (verb: string) => Array.from(views.keys(), (resource) => `${verb} ${resource}`);
    await take(...rightsTo("list"));
    const certs = await startCertsProcess(t, world);
    const viewIs = (name: string, news: string) =>
      until(
        () => certs.log().findLast(({ objects }) => objects === name)?.["msg"] === news,
        () => `of ${name} it never said last that its ${news}`,
      );
    const isReady = () =>
      until(
        async () => (await certs.ask("/readyz")) === "ready\n",
        () => "it is not ready",
      );

    await t.test("list: it waits for each view, and says for which", async () => {
      const waiting = [...views.values()].map((name) => new RegExp(`waiting for ${name}: .*403`));
      let said = "";
      await until(
        async () => {
          said = await certs.ask("/readyz");
          return waiting.every((line) => line.test(said));
        },
        () => `it says ${said}`,
      );
    });

    await t.test("watch: it says which view is behind", async () => {
      const since = await take(...rightsTo("watch"));
      await isReady();
      for (const right of rightsTo("watch")) await refused(right, since);
      for (const name of views.values()) await viewIs(name, "view is behind");
      await leaveWithout(world);
      for (const name of views.values()) await viewIs(name, "view is up to date again");
    });

    const uses = usesOf(world);
    const done = ({ right, isDone }: Use, space: string) =>
      until(
        () => isDone(space),
        () => `what needs ${right} was never done${space && ` in ${space}`}`,
      );

    const left: [Use, string][] = [];
    for (const use of uses) {
      await t.test(`without ${use.right}`, async (t) => {
        const space = await use.setUp();
        const since = await take(use.right);
        await use.act(space);
        await refused(use.right, since);
        t.notOk(await use.isDone(space), "it is not done");
        await leaveWithout(world);
        // A refused event is given up: nothing waits for it.
        if (use.right !== "create events" && use.right !== "patch events") left.push([use, space]);
      });
    }

    await t.test("given back, what was left is done", async () => {
      for (const [use, space] of left) await done(use, space);
    });

    await t.test("with all of them each thing is done, nothing is refused, and none is left unused", async (t) => {
      const since = certsRequests(world).length;
      for (const use of uses) {
        const space = await use.setUp();
        await use.act(space);
        await done(use, space);
      }
      const all = certsRequests(world);
      t.strictSame(
        all.slice(since).filter(({ isDenied }) => isDenied),
        [],
      );
      t.strictSame(
        all.filter(({ right }) => right === undefined),
        [],
        "it asks for nothing that no right is for",
      );
      const used = new Set(all.filter(({ isDenied }) => !isDenied).map(({ right }) => right));
      t.strictSame(
        certsRights().filter(({ text }) => !used.has(text)),
        [],
        "each is used",
      );
    });

    t.strictSame(
      [...tested].toSorted(),
      certsRights()
        .map(({ text }) => text)
        .toSorted(),
      "that was each right",
    );
    await keepsKeys(t, world, certs);
    certs.process.kill("SIGTERM");
    t.equal(await certs.exited, 0, "it ended when asked");
  },
);

test(
  "where owner references are guarded the openshift component's right is needed",
  { skip: apiServerMissing() },
  async (t) => {
    const admissionPlugins = ["OwnerReferencesPermissionEnforcement"];
    const world = await installCerts({ admissionPlugins }, join("examples", "openshift"));
    t.teardown(() => world.stop());
    const certs = await startCertsProcess(t, world);
    const space = await world.namespace();
    await world.service(space, "first");
    await world.secretOnce(space, shared);
    await world.service(space, "second");
    const isOf = (count: number) => (secret: StoredSecret) => secret.owners.length === count;
    t.strictSame((await world.secretOnce(space, shared, isOf(2))).owners, ["Service/first", "Service/second"]);
    await leaveWithout(world);
    await world.service(space, "third");
    await until(
      async () => /CertificateFailed third .*cannot set an ownerRef/.test((await world.events(space)).join("\n")),
      () => "no event says why",
    );
    t.ok(isOf(2)(await world.secretOnce(space, shared)), "and it is not written");
    certs.process.kill("SIGTERM");
    t.equal(await certs.exited, 0);
  },
);
