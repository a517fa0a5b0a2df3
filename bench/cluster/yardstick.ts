import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { KubeJson } from "../../test/core-process.ts";
import { spaces, type BenchWorld } from "./world.ts";

/** What a script took that only writes. */
export interface BareWrites {
  readonly seconds: number;
  readonly cpuMilliseconds: number;
}

interface Named {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
}

/** What core wrote of each object: templates for the script. */
export interface Written {
  readonly secret: KubeJson;
  readonly status: KubeJson["status"];
  readonly event: KubeJson;
}

const script = join(import.meta.dirname, "..", "load", "bare-writes.ts");
const manager = "?fieldManager=external-secrets";

/** What core wrote of one object. */
export async function writtenOf(world: BenchWorld, space: string): Promise<Written> {
  const one = async (plural: "secrets" | "externalsecrets") => {
    const [[, object] = []] = await world.objects(space, plural);
    if (object === undefined) throw new Error(`${space} has no ${plural}`);
    return object;
  };
  const { body } = await world.api.request("GET", `/api/v1/namespaces/${space}/events?limit=1`);
  const [event] = (body as { readonly items: readonly KubeJson[] }).items;
  if (event === undefined) throw new Error(`${space} has no event`);
  return { secret: await one("secrets"), status: (await one("externalsecrets")).status, event };
}

/** Runs the script for all ExternalSecrets that are there, as core's account and as wide as core works. */
export async function bareWrites(world: BenchWorld, written: Written): Promise<BareWrites> {
  const objects: Named[] = [];
  for (const namespace of spaces) {
    for (const [name, { metadata }] of await world.objects(namespace, "externalsecrets")) {
      objects.push({ namespace, name, uid: metadata.uid, resourceVersion: metadata.resourceVersion });
    }
  }
  const { url, caPem: ca } = world.api;
  const file = `${world.kubeconfig}.writes.json`;
  const work = {
    url,
    ca,
    token: tokenOf(world.kubeconfig),
    width: 50,
    objects: objects.map((each) => writesOf(each, written)),
  };
  writeFileSync(file, JSON.stringify(work), { mode: 0o600 });
  const { stdout } = await promisify(execFile)(process.execPath, [script, file]);
  return JSON.parse(stdout) as BareWrites;
}

function tokenOf(kubeconfig: string): string {
  const { users } = JSON.parse(readFileSync(kubeconfig, "utf8")) as {
    readonly users: readonly { readonly user: { readonly token: string } }[];
  };
  return users[0]?.user.token ?? "";
}

function writesOf(
  { namespace, name, uid, resourceVersion }: Named,
  { secret, status, event }: Written,
): readonly object[] {
  const { apiVersion, kind } = { apiVersion: "external-secrets.io/v1", kind: "ExternalSecret" };
  const { labels, annotations } = secret.metadata;
  const owner = { apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true };
  return [
    {
      method: "POST",
      path: `/api/v1/namespaces/${namespace}/secrets${manager}`,
      body: {
        apiVersion: "v1",
        kind: "Secret",
        metadata: { namespace, name, labels, annotations, ownerReferences: [owner] },
        type: secret.type,
        data: secret.data,
      },
    },
    {
      method: "PUT",
      path: `/apis/${apiVersion}/namespaces/${namespace}/externalsecrets/${name}/status${manager}`,
      body: { apiVersion, kind, metadata: { namespace, name, resourceVersion }, status },
    },
    {
      method: "POST",
      path: `/api/v1/namespaces/${namespace}/events`,
      body: {
        ...event,
        metadata: { namespace, name: `${name}.${uid.slice(0, 8)}` },
        involvedObject: { apiVersion, kind, namespace, name, uid, resourceVersion },
      },
    },
  ];
}
