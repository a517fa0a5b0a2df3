import { ProviderError } from "../../../api/errors.ts";
import type { NamespaceObject } from "../../../cluster/objects.ts";
import type { StoreRef } from "../../credentials/dependencies.ts";
import { isDirect } from "../../direct-refs.ts";
import type { StoreObject } from "../../kinds.ts";
import { namespaceTopic, storeTopic } from "../../topics.ts";
import { readyOf } from "../condition.ts";
import { letsIn } from "../../namespace-conditions.ts";

/** Whether an ExternalSecret may read from a store now. */
export type Access =
  | { readonly access: "granted" }
  /** Nobody has looked at the store yet: known in a moment. */
  | { readonly access: "unknown" }
  | { readonly access: "denied"; readonly error: ProviderError; readonly waitsFor: readonly string[] };

/** Decides it in ESO's order and words: the store exists, its conditions let the namespace in, it is ready. */
export async function storeAccess(question: {
  readonly ref: StoreRef;
  readonly store: StoreObject | undefined;
  readonly namespace: NamespaceObject;
  /** Whether a store must be Ready (`--enable-flood-gate`). */
  readonly floodGate: boolean;
}): Promise<Access> {
  const { ref, store, namespace, floodGate } = question;
  const name = JSON.stringify(ref.name);
  if (store === undefined) return denied(ref, noSuchStore(ref).message);
  // Of the kinds of ours, those of the cluster have conditions.
  if (ref.namespace === "") {
    try {
      if (!(await letsIn(store.spec.conditions ?? [], namespace))) {
        const message = `using cluster store ${name} is not allowed from namespace ${JSON.stringify(namespace.name)}: denied by spec.condition`;
        return denied(ref, message, [namespaceTopic(namespace.name)]);
      }
    } catch (error) {
      return denied(ref, ProviderError.from(error).message);
    }
  }
  if (!floodGate) return { access: "granted" };
  const ready = readyOf(store.status?.conditions);
  if (ready === undefined) return { access: "unknown" };
  return ready.status === "True" ? { access: "granted" } : denied(ref, `${ref.kind} ${name} is not ready`);
}

/** ESO's words for a reference to a store that does not exist. */
export function noSuchStore({ kind, name }: StoreRef): ProviderError {
  const quoted = JSON.stringify(name);
  const isConfig = isDirect({ kind });
  const resource = isConfig ? kind : `${kind}.external-secrets.io`;
  // What core may not list is as good as not there.
  const remedy = isConfig
    ? "; create it, or let core list its kind: a ClusterRole with label external-secrets.io/aggregate-to-controller"
    : "";
  return new ProviderError(
    "InvalidConfig",
    `could not get ${kind} ${quoted}, ${resource} ${quoted} not found${remedy}`,
  );
}

function denied(ref: StoreRef, message: string, topics: readonly string[] = []): Access {
  const error = new ProviderError("InvalidConfig", message);
  return { access: "denied", error, waitsFor: [storeTopic(ref), ...topics] };
}
