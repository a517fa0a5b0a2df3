import type { Static, TSchema } from "typebox";
import { ProviderError } from "../api/errors.ts";
import type { Context, Operation, Provider, SecretsClient, Store } from "../api/provider.ts";
import { findReferences, referencesOf, type FoundReference, type Reference } from "../api/references.ts";
import { createClient, withoutCaller } from "./client.ts";
import { boundary } from "../api/boundary.ts";
import type { Operations } from "./operations.ts";

/**
 * A Provider from the operations of a backend. What all providers have in common is done here and in this folder:
 * properties, maps, find by name, metadata policy, push values and metadata, errors, capabilities, a cluster store that
 * waits for its caller. Its clients serve every caller of a store none of whose references depends on the caller.
 */
export function defineProvider<Spec extends TSchema, Connection>(operations: Operations<Spec, Connection>): Provider {
  const references = referencesOf(operations.spec);
  const capabilities = capabilitiesOf(operations);
  return {
    name: operations.name,
    sharesClients: true,
    capabilities: async () => capabilities,
    validateStore: async (store) => {
      const found = findReferences(references, store.spec.provider[operations.name]);
      const own = operations.check?.(specOf(operations, store), store) ?? [];
      return { warnings: [], errors: [...namespaceErrors(found, store), ...own] };
    },
    newClient: async (store, context, signal) => {
      if (awaitsCaller(references, operations.name, store, context)) return withoutCaller();
      return boundary(signal, () => connect(operations, store, context, signal));
    },
  };
}

type Presence = Readonly<Partial<Record<"read" | "list" | "write" | "remove" | "exists", unknown>>>;

async function connect<Spec extends TSchema, Connection>(
  operations: Operations<Spec, Connection>,
  store: Store,
  credentials: Context,
  signal: AbortSignal,
): Promise<SecretsClient> {
  const request = { spec: specOf(operations, store), store, retrySettings: store.spec.retrySettings, credentials };
  return createClient(operations, await operations.connect(request, signal));
}

function capabilitiesOf({ read, list, write, remove, exists }: Presence): readonly Operation[] {
  return [
    ...(read ? (["get", "map"] as const) : []),
    ...(read && list ? (["find"] as const) : []),
    ...(write ? (["push"] as const) : []),
    ...(remove ? (["delete"] as const) : []),
    ...(exists ? (["exists"] as const) : []),
  ];
}

function specOf<Spec extends TSchema, Connection>(
  operations: Operations<Spec, Connection>,
  store: Store,
): Static<Spec> {
  const spec = store.spec.provider[operations.name];
  if (typeof spec !== "object" || spec === null) {
    throw new ProviderError("InvalidConfig", `the store's spec has no provider ${JSON.stringify(operations.name)}`);
  }
  // The host has checked it against the schema.
  return spec as Static<Spec>;
}

/** ESO's referent authentication: a cluster store is validated without the caller in whose namespace it would look. */
function awaitsCaller(references: readonly Reference[], name: string, store: Store, context: Context): boolean {
  if (store.kind !== "ClusterSecretStore" || context.namespace !== "") return false;
  return findReferences(references, store.spec.provider[name]).some(({ selector }) => !selector["namespace"]);
}

function namespaceErrors(found: readonly FoundReference[], store: Store): readonly string[] {
  if (store.kind === "ClusterSecretStore") return [];
  return found
    .filter(({ selector }) => selector["namespace"] && selector["namespace"] !== store.namespace)
    .map(
      ({ pointer }) =>
        `${pointer}: namespace should either be empty or match the namespace of the SecretStore for a namespaced SecretStore`,
    );
}
