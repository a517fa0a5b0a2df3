import root, { test, type Test } from "tap";
import { apiServerMissing } from "./api-server.ts";
import { installCerts, startCertsProcess, type CertsInstallation } from "./certs-process.ts";
import { addressOf, externalSecretOf, fakeStore } from "./core-process.ts";
import { applyCrds } from "./crds/server.ts";
import { plantSecret, until } from "./e2e/outboard.ts";
import { freePort } from "./free-port.ts";
import {
  applyIn,
  coreSecret,
  mountedClass,
  providerSecret,
  startMountedCore,
  startMountedProvider,
} from "./mounted-parts.ts";
import { systemNamespace } from "./shipped-process.ts";

root.setTimeout(300_000);

/** What an installation has, by what starts it. */
interface Parts {
  readonly certs: () => Promise<void>;
  readonly provider: () => Promise<void>;
  readonly core: () => Promise<void>;
}

const orders: readonly (readonly (keyof Parts)[])[] = [
  ["certs", "provider", "core"],
  ["certs", "core", "provider"],
  ["provider", "certs", "core"],
  ["provider", "core", "certs"],
  ["core", "certs", "provider"],
  ["core", "provider", "certs"],
];

for (const order of orders) {
  const name = `from an empty cluster, ${order.join(" before ")}: a provider is used with no step but its Service`;
  test(name, { skip: apiServerMissing() }, async (t) => {
    const world = await installCerts();
    t.teardown(() => world.stop());
    const value = plantSecret();
    const space = await world.namespace();
    await applyCrds(world.api);
    await applyIn(world, space, mountedClass("fake"));
    const parts = await partsOf(t, world);
    for (const part of order) await parts[part]();
    await applyIn(world, space, fakeStore({ db: value }), externalSecretOf("db"));
    let said = "";
    await until(
      async () => {
        const kinds = "clusterproviderclass,secretstore,externalsecret";
        said = await world.api.kubectl(["-n", space, "get", kinds, "-o=yaml"]);
        return (await world.secret(space, "app"))?.data.get("password") === value;
      },
      () => `it is not synced:\n${said}`,
    );
    t.pass("it is synced");
  });
}

async function partsOf(t: Test, world: CertsInstallation): Promise<Parts> {
  const { api } = world;
  const port = await freePort();
  const isMade = async (name: string) => (await world.secret(systemNamespace, name)) !== undefined;
  return {
    certs: async () => {
      await startCertsProcess(t, world);
    },
    core: async () => {
      const { folder } = await startMountedCore(t, world, { resolve: { [addressOf("fake")]: port } });
      let said = "";
      await until(
        async () => {
          said = await api.kubectl(["get", "clusterproviderclass", "fake", "-o=yaml"]);
          return said.includes(folder) || (await isMade(coreSecret));
        },
        () => `its class does not say which file it waits for, but ${said}`,
      );
    },
    provider: async () => {
      const { folder, ask } = await startMountedProvider(t, world, "fake", { port });
      let said = "";
      await until(
        async () => (said = await ask("/readyz")).includes(folder) || (await isMade(providerSecret("fake"))),
        () => `it does not say which file it waits for, but ${said}`,
      );
    },
  };
}
