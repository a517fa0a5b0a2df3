import type { Cluster } from "../cluster/cluster.ts";
import { readyOf } from "./controllers/condition.ts";
import type { StoreLook } from "./controllers/store/run.ts";
import type { StoreRef } from "./credentials/dependencies.ts";
import { getStore } from "./kinds.ts";

/** Looks at stores that another operator takes, told from what it writes into their status. */
export class ForeignLooks {
  readonly #cluster: Pick<Cluster, "get" | "followedKind">;
  readonly #onLook: (ref: StoreRef, look: StoreLook) => void;
  readonly #states = new Map<string, "Ready" | "NotReady">();

  constructor(cluster: Pick<Cluster, "get" | "followedKind">, onLook: (ref: StoreRef, look: StoreLook) => void) {
    this.#cluster = cluster;
    this.#onLook = onLook;
  }

  /** The store, or its status, may have changed. */
  seen(ref: StoreRef): void {
    const id = `${ref.kind}/${ref.namespace}/${ref.name}`;
    const object = getStore(this.#cluster, ref);
    if (object === undefined) {
      this.#states.delete(id);
      this.#onLook(ref, "gone");
      return;
    }
    const ready = readyOf(object.status?.conditions);
    if (ready === undefined) return;
    const before = this.#states.get(id) ?? "Unknown";
    const state = ready.status === "True" ? "Ready" : "NotReady";
    this.#states.set(id, state);
    this.#onLook(ref, { before, ready: state === "Ready" });
  }
}
