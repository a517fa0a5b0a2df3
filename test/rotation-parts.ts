import { X509Certificate } from "node:crypto";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Test } from "tap";
import type { KeyPair } from "../src/certs/issue.ts";
import { startCertsProcess, type CertsInstallation, type StoredSecret } from "./certs-process.ts";
import { addressOf, fakeStore, readyOf } from "./core-process.ts";
import { applyCrds } from "./crds/server.ts";
import { plantSecret, until } from "./e2e/outboard.ts";
import { objectsOf } from "./faults/objects-of.ts";
import { freePort } from "./free-port.ts";
import {
  applyIn,
  mountedClass,
  startMountedCore,
  startMountedProvider,
  type Mounted,
  type ProviderProcess,
} from "./mounted-parts.ts";
import { systemNamespace, type ShippedProcess } from "./shipped-process.ts";

const seconds = 1_000;

/** Five seconds: a kubelet's delay, a look at the files, and the age of connections. */
const shortLived = [
  "--leaf-validity=12s",
  "--leaf-lookahead=7s",
  "--ca-validity=40s",
  "--ca-lookahead=25s",
  "--propagation-time=5s",
  "--look-interval=1s",
  "--interval=5s",
];

/**
 * Milliseconds until a Secret is mounted: without an overlap, a provider would for so long not know the CA of the leaf
 * that core already shows.
 */
const [slow, fast] = [2.5 * seconds, 0.1 * seconds];

/** Each ExternalSecret is read from each store once a second: a hundred calls. */
const [externalSecrets, stores] = [25, 4];

/** Core, a provider and their certificates, which do not last long, under load. */
export interface RunningParts {
  readonly core: ShippedProcess;
  readonly certs: ShippedProcess;
  readonly provider: Mounted<ProviderProcess>;
  readonly port: number;
  readonly space: string;
  /** Those of core's Secret, oldest first. */
  readonly leaves: readonly KeyPair[];
  /** What has signed so far. */
  readonly cas: readonly X509Certificate[];
}

/** Starts them; resolves when all that core keeps in sync is Ready. */
export async function startParts(t: Test, world: CertsInstallation): Promise<RunningParts> {
  const space = await world.namespace();
  await applyCrds(world.api);
  await applyIn(world, space, mountedClass("fake"));
  const port = await freePort();
  const leaves: KeyPair[] = [];
  const cas: X509Certificate[] = [];
  const certs = await startCertsProcess(t, world, shortLived);
  const preload = join(import.meta.dirname, "tls-witness.ts");
  const age = ["--max-connection-age=3s"];
  const provider = await startMountedProvider(t, world, "fake", { port, delay: slow, preload, args: age });
  const core = await startMountedCore(t, world, {
    resolve: { [addressOf("fake")]: port },
    delay: fast,
    onChange: (secret) => leaves.push(pairIn(secret)),
  });
  const followed = new AbortController();
  const following = (async () => {
    while (!followed.signal.aborted) {
      const { data } = await world.secretOnce(systemNamespace, "eso-provider-ca-internal");
      const ca = new X509Certificate(data.get("ca.crt") ?? "");
      if (!cas.some(({ serialNumber }) => serialNumber === ca.serialNumber)) cas.push(ca);
      await sleep(500);
    }
  })();
  t.teardown(async () => {
    followed.abort();
    await following;
  });
  const value = plantSecret();
  const { make } = objectsOf(world.api);
  const names = Array.from({ length: stores }, (_, index) => `main-${index}`);
  await make(
    space,
    names.map((name) => ({ ...fakeStore({ db: value }), metadata: { name } })),
  );
  await make(
    space,
    Array.from({ length: externalSecrets }, (_, index) => ({
      apiVersion: "external-secrets.io/v1",
      kind: "ExternalSecret",
      metadata: { name: `app-${index}` },
      spec: {
        refreshInterval: "1s",
        data: names.map((name) => ({
          secretKey: name,
          remoteRef: { key: "db" },
          sourceRef: { storeRef: { name } },
        })),
      },
    })),
  );
  const parts = { core, certs, provider, port, space, leaves, cas };
  let others: readonly string[] = [];
  await until(
    async () => (others = await notReady(world, parts)).length === 0,
    () => `${others.length} are not Ready, such as ${others[0]}`,
  );
  return parts;
}

/** Stores and ExternalSecrets that are not Ready, and why. */
export async function notReady(
  { api }: CertsInstallation,
  { space }: Pick<RunningParts, "space">,
): Promise<readonly string[]> {
  const { objects } = objectsOf(api);
  const all = [...(await objects(space, "externalsecrets")), ...(await objects(space, "secretstores"))];
  return all.flatMap(([name, object]) => {
    const ready = readyOf(object);
    return ready?.status === "True" ? [] : [`${name}: ${ready?.reason} ${ready?.message}`];
  });
}

function pairIn({ data }: StoredSecret): KeyPair {
  return { certPem: data.get("tls.crt") ?? "", keyPem: data.get("tls.key") ?? "" };
}
