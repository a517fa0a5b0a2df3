import { setTimeout as sleep } from "node:timers/promises";
import type { ApiAccess } from "../api-access.ts";
import type { KubeJson } from "../core-process.ts";
import type { Plural } from "./fault-world.ts";

interface Manifest {
  readonly kind: "ExternalSecret" | "SecretStore";
}

const group = "/apis/external-secrets.io/v1";

/** Requests at a time. */
const width = 24;

/** Objects in numbers for which kubectl is too slow. */
export function objectsOf(api: ApiAccess) {
  /** An API server that has just come back puts off what it is asked of custom kinds, and clients wait. */
  const request: ApiAccess["request"] = async (...asked) => {
    for (;;) {
      const answer = await api.request(...asked);
      if (answer.status !== 429) return answer;
      await sleep(200);
    }
  };
  const post = async (space: string, manifest: object) => {
    const { kind } = manifest as Manifest;
    const answer = await request("POST", `${group}/namespaces/${space}/${kind.toLowerCase()}s`, manifest);
    if (answer.status !== 201) throw new Error(`${kind} of ${space}: ${answer.status} ${JSON.stringify(answer.body)}`);
  };
  return {
    make: async (space: string, manifests: readonly object[]): Promise<void> => {
      // The workers share one iterator.
      const queue = manifests.values();
      const worker = async () => {
        for (const manifest of queue) await post(space, manifest);
      };
      await Promise.all(Array.from({ length: width }, worker));
    },
    objects: async (space: string, plural: Plural): Promise<ReadonlyMap<string, KubeJson>> => {
      const root = plural === "secrets" ? "/api/v1" : group;
      const { status, body } = await request("GET", `${root}/namespaces/${space}/${plural}`);
      if (status !== 200) throw new Error(`${plural} of ${space}: ${status}`);
      const { items } = body as {
        readonly items: readonly (KubeJson & { readonly metadata: { readonly name: string } })[];
      };
      return new Map(items.map((item) => [item.metadata.name, item]));
    },
  };
}
