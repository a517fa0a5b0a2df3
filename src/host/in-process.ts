import { audiencesOf } from "../api/audiences.ts";
import { boundary } from "../api/boundary.ts";
import type { Context, Provider, SecretsClient } from "../api/provider.ts";
import { untilAborted } from "../api/until-aborted.ts";
import { declare, keyOf, match, type Scope } from "./declared.ts";
import type { ProviderDefinition } from "./definition.ts";
import { checkSpec, storeDefinition, type CheckedSpec } from "./spec-check.ts";
import { validateStore } from "./store-validation.ts";

/**
 * The providers of a definition for use in the same process: `inProcess(definition)("vault")`. They behave as over the
 * wire: the spec is checked and gets its defaults, unknown fields are warnings of `validateStore`, and a reference that
 * the spec does not declare is InvalidConfig. Throws ProviderError InvalidConfig for a key that is not served.
 */
export function inProcess(definition: ProviderDefinition): (key: string) => Provider {
  return (key) => {
    const store = storeDefinition(definition, key);
    return surround(store.provider, { ...definition, stores: [store] });
  };
}

function surround(provider: Provider, definition: ProviderDefinition): Provider {
  return {
    name: provider.name,
    ...(provider.sharesClients !== undefined && { sharesClients: provider.sharesClients }),
    capabilities: (signal) => bounded(signal, () => provider.capabilities(signal)),
    validateStore: (store, signal) =>
      bounded(signal, () => validateStore(store, checkSpec(definition, store.spec), signal)),
    newClient: async (store, context, signal) => {
      const checked = await checkSpec(definition, store.spec);
      const scope = { storeNamespace: store.namespace, callerNamespace: context.namespace };
      const declared = declaredOnly(context, checked, scope);
      return atBoundary(
        await bounded(signal, () => provider.newClient({ ...store, spec: checked.spec }, declared, signal)),
      );
    },
  };
}

/** A legacy client as the adapter shows it: it ends when its signal aborts, and rejects with ProviderErrors only. */
function atBoundary(client: SecretsClient): SecretsClient {
  return {
    getSecret: (ref, signal) => bounded(signal, () => client.getSecret(ref, signal)),
    getSecretMap: (ref, signal) => bounded(signal, () => client.getSecretMap(ref, signal)),
    getAllSecrets: (find, signal) => bounded(signal, () => client.getAllSecrets(find, signal)),
    pushSecret: (source, data, signal) => bounded(signal, () => client.pushSecret(source, data, signal)),
    deleteSecret: (ref, signal) => bounded(signal, () => client.deleteSecret(ref, signal)),
    secretExists: (ref, signal) => bounded(signal, () => client.secretExists(ref, signal)),
    validate: (signal) => bounded(signal, () => client.validate(signal)),
    close: once(() => client.close()),
    ...(client.read && {
      read: (reads, signal) => bounded(signal, async () => (await client.read?.(reads, signal)) ?? []),
    }),
  };
}

/** Legacy code may not listen to its signal. */
async function bounded<T>(signal: AbortSignal, operation: () => Promise<T>): Promise<T> {
  return boundary(signal, () => untilAborted(operation(), signal));
}

/** The first call's promise, every time. */
function once(run: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => (running ??= run());
}

/** `context` for the declared references only, each with its key. */
function declaredOnly(context: Context, { references }: CheckedSpec, scope: Scope): Context {
  const declared = declare(references, scope);
  return {
    namespace: context.namespace,
    ambient: context.ambient,
    secret: async (ref, signal) => {
      const [found] = match(declared, scope, "Secret", ref);
      return context.secret({ ...ref, key: keyOf(found) }, signal);
    },
    configMap: async (ref, signal) => {
      const [found] = match(declared, scope, "ConfigMap", ref);
      return context.configMap({ ...ref, key: keyOf(found) }, signal);
    },
    // The audiences are those that core would send a token for, whatever the provider asks for.
    token: async (ref, _audiences, signal) => {
      const [{ pointer }] = match(declared, scope, "ServiceAccount", ref);
      const found = references.find((reference) => reference.pointer === pointer);
      return context.token(ref, found === undefined ? [] : audiencesOf(found), signal);
    },
  };
}
