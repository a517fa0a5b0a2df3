import type { KeyObject } from "node:crypto";
import type { Credential } from "../../api/credential.ts";
import { ProviderError } from "../../api/errors.ts";
import type { Context, Store } from "../../api/provider.ts";
import type { FoundReference } from "../../api/references.ts";
import { encodeSpec, type CallContext } from "../../wire/context.ts";
import { referenceNamespace } from "../credentials/namespaces.ts";
import { storeDigest } from "./digest.ts";
import { readSelector } from "./selector.ts";

/** What {@link resolveContext} needs. */
export interface ContextRequest {
  readonly store: Store;
  /** The references that are resolved and sent. */
  readonly references: readonly FoundReference[];
  readonly context: Context;
  /** Key of the digest, one per process. */
  readonly digestKey: KeyObject;
  readonly signal: AbortSignal;
}

/**
 * What travels with each call of a store. A reference that cannot be read travels as its error, since providers read
 * lazily; only the end of `signal` rejects.
 */
export async function resolveContext(request: ContextRequest): Promise<CallContext> {
  const { store, context, references, digestKey } = request;
  const credentials = await Promise.all(references.map((found) => resolve(found, request)));
  const bare = bareContext(store, context.namespace);
  const digest = storeDigest(digestKey, bare.spec, credentials);
  return { ...bare, credentials, digest, ambient: context.ambient };
}

/** The same without credentials and digest: enough to look at a spec, never to reach a backend. */
export function bareContext(store: Store, callerNamespace: string): CallContext {
  const { apiVersion, kind, namespace, name, uid, generation, spec } = store;
  const { provider, retrySettings } = spec;
  // No more of the spec than providers see: a new refreshInterval must not change the digest.
  const sent = encodeSpec(retrySettings === undefined ? { provider } : { provider, retrySettings });
  const identity = { apiVersion, kind, namespace, name, uid, generation };
  return { store: identity, spec: sent, callerNamespace, credentials: [], digest: "", ambient: false };
}

async function resolve(found: FoundReference, { store, context, signal }: ContextRequest): Promise<Credential> {
  const selector = readSelector(found);
  const { kind, name } = selector;
  const unresolved = { path: found.pointer, kind, namespace: "", name };
  try {
    const namespace = referenceNamespace({
      kind: found.reference.kind,
      store,
      callerNamespace: context.namespace,
      namespace: selector.namespace,
    });
    const ref = { name, ...(selector.namespace !== undefined && { namespace: selector.namespace }) };
    if (kind === "ServiceAccount") {
      const audiences = selector.audiences();
      const token = await context.token(ref, audiences, signal);
      return { ...unresolved, namespace, token: { ...token, audiences } };
    }
    const keyed = { ...ref, key: selector.key };
    const value = await (kind === "Secret" ? context.secret(keyed, signal) : context.configMap(keyed, signal));
    return { ...unresolved, namespace, keys: new Map([[selector.key, value]]) };
  } catch (thrown) {
    const { code, message } = ProviderError.from(thrown);
    if (signal.aborted) throw thrown;
    return { ...unresolved, error: { code, message } };
  }
}
