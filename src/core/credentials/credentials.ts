import { ProviderError } from "../../api/errors.ts";
import type { Context, SecretKeySelector, Store } from "../../api/provider.ts";
import { ClusterError, type Cluster, type ObjectKey } from "../../cluster/cluster.ts";
import { createDependencies, type DependencyKind, type StoreRef } from "./dependencies.ts";
import { referenceNamespace } from "./namespaces.ts";
import { createTokens } from "./tokens.ts";
import { createValues } from "./values.ts";

/** What stores refer to, read with core's rights under the namespace rules. */
export interface Credentials {
  /**
   * Answers for one store and caller. Whatever is asked for counts from then on as what the store depends on. Rejects
   * with ProviderError: InvalidConfig (no such object or key), PermissionDenied (core may not read it), Unavailable.
   */
  context(store: Store, callerNamespace: string): Context;
  /** The stores that asked for an object. */
  dependents(kind: DependencyKind, object: ObjectKey): readonly StoreRef[];
  /** The store is gone: what it depended on wakes nobody any more. */
  forget(store: StoreRef): void;
}

/** What {@link createCredentials} needs. */
export interface CredentialsOptions {
  readonly cluster: Pick<Cluster, "referencedKeys" | "referencedVersion" | "token">;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Reads through bounded caches; an unchanged Secret, ConfigMap or living token costs no request. */
export function createCredentials({ cluster, now }: CredentialsOptions): Credentials {
  const dependencies = createDependencies();
  const readValue = createValues(cluster);
  const readToken = createTokens(cluster, now);

  function context(store: Store, callerNamespace: string): Context {
    function locate(kind: DependencyKind, ref: { readonly name?: string; readonly namespace?: string }): ObjectKey {
      const namespace = referenceNamespace({ kind, store, callerNamespace, namespace: ref.namespace });
      if (!ref.name) throw new ProviderError("InvalidConfig", `the reference names no ${kind}; set its name`);
      const object = { namespace, name: ref.name };
      dependencies.record(store, kind, object);
      return object;
    }

    async function value(
      kind: "Secret" | "ConfigMap",
      ref: SecretKeySelector,
      signal: AbortSignal,
    ): Promise<Uint8Array> {
      const object = locate(kind, ref);
      const dataKey = ref.key ?? "";
      const bytes = await readValue(kind, object, dataKey, signal).catch((error: unknown) => {
        throw unreadable(kind, object, error);
      });
      if (bytes !== undefined) return bytes;
      throw new ProviderError("InvalidConfig", missingKey(kind, object, dataKey));
    }

    return {
      namespace: callerNamespace,
      secret: (ref, signal) => value("Secret", ref, signal),
      configMap: (ref, signal) => value("ConfigMap", ref, signal),
      async token(ref, audiences, signal) {
        const account = locate("ServiceAccount", ref);
        return readToken(account, audiences, signal).catch((error: unknown) => {
          throw unreadable("ServiceAccount", account, error);
        });
      },
    };
  }

  return {
    context,
    dependents: (kind, object) => dependencies.dependents(kind, object),
    forget: (store) => dependencies.forget(store),
  };
}

function missingKey(kind: "Secret" | "ConfigMap", { namespace, name }: ObjectKey, dataKey: string): string {
  const noun = kind === "Secret" ? "secret" : "configmap";
  const remedy = dataKey === "" ? "set the reference's key" : "add the key or correct the reference";
  return (
    `cannot find ${noun} data for key: ${JSON.stringify(dataKey)}; ` +
    `${kind} ${JSON.stringify(name)} in namespace ${JSON.stringify(namespace)} has no such key: ${remedy}`
  );
}

/** ESO's words, the cluster's, and what to do. */
function unreadable(kind: DependencyKind, object: ObjectKey, thrown: unknown): ProviderError {
  if (!(thrown instanceof ClusterError)) return ProviderError.from(thrown);
  const name = JSON.stringify(object.name);
  const namespace = JSON.stringify(object.namespace);
  const what = {
    Secret: `cannot get Kubernetes secret ${name} from namespace ${namespace}`,
    ConfigMap: `cannot get Kubernetes configmap ${name} from namespace ${namespace}`,
    ServiceAccount: `cannot get a token of Kubernetes service account ${name} in namespace ${namespace}`,
  }[kind];
  const message = `${what}: ${thrown.message}`;
  switch (thrown.reason) {
    case "NotFound":
      return new ProviderError("InvalidConfig", `${message}; create it or correct the reference`, { cause: thrown });
    case "Invalid":
      return new ProviderError("InvalidConfig", message, { cause: thrown });
    case "Forbidden":
      return new ProviderError("PermissionDenied", `${message}; let Outboard's core read it`, { cause: thrown });
    default:
      return new ProviderError("Unavailable", message, { cause: thrown });
  }
}
