import { ProviderError } from "../../api/errors.ts";
import type { Context, SecretKeySelector } from "../../api/provider.ts";
import type { Cluster, ObjectKey } from "../../cluster/cluster.ts";
import { refuseApiServerToken, refuseDisguisedToken } from "./api-server-tokens.ts";
import { createDependencies, type DependencyKind, type StoreRef } from "./dependencies.ts";
import { referenceNamespace } from "./namespaces.ts";
import { mayUseAmbient, type CredentialPolicy } from "./policy.ts";
import type { CoreStore } from "../store.ts";
import { createTokens } from "./tokens.ts";
import { unreadable } from "./unreadable.ts";
import { createValues } from "./values.ts";

/** What a store's provider is given, and what it was given. */
export interface StoreContext extends Context {
  /**
   * Reads live what this context handed out, each at most once in ten seconds: a backend refused it, and the view that
   * says whether a Secret changed may lag. True: there is something else now. What cannot be read counts as the same.
   */
  reread(signal: AbortSignal): Promise<boolean>;
}

/** What stores refer to, read with core's rights under the namespace rules. */
export interface Credentials {
  /**
   * Answers for one store and caller. Whatever is asked for counts from then on as what the store depends on. Rejects
   * with ProviderError: InvalidConfig (no such object or key), PermissionDenied (core may not read it, or not for
   * providers), Unavailable.
   */
  context(store: CoreStore, callerNamespace: string): StoreContext;
  /** The stores that asked for an object. */
  dependents(kind: DependencyKind, object: ObjectKey): readonly StoreRef[];
  /** The store is gone: what it depended on wakes nobody any more. */
  forget(store: StoreRef): void;
}

/** What {@link createCredentials} needs. */
export interface CredentialsOptions {
  readonly cluster: Pick<Cluster, "referencedKeys" | "referencedVersion" | "token">;
  readonly policy: CredentialPolicy;
  /** Whether only administrators write into a namespace. */
  readonly ofAdministrator: (namespace: string) => boolean;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

type Reread = (signal: AbortSignal) => Promise<boolean>;

/** Reads through bounded caches; an unchanged Secret, ConfigMap or living token costs no request. */
export function createCredentials({ cluster, policy, ofAdministrator, now }: CredentialsOptions): Credentials {
  const dependencies = createDependencies();
  const values = createValues(cluster, now);
  const tokens = createTokens(cluster, now);

  function context(store: CoreStore, realCaller: string): StoreContext {
    // Under this scope every caller is served as the config's own namespace is.
    const callerNamespace =
      store.kind === "ClusterSecretStore" && store.config?.scope === "ProviderNamespace"
        ? store.config.namespace
        : realCaller;
    const rereads: Reread[] = [];

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
      const asked = { kind, object, dataKey };
      rereads.push((again) => values.reread(asked, again));
      const bytes = await values.read(asked, signal).catch((error: unknown) => {
        throw unreadable(kind, object, error);
      });
      if (bytes !== undefined) return bytes;
      throw new ProviderError("InvalidConfig", missingKey(kind, object, dataKey));
    }

    return {
      namespace: callerNamespace,
      ambient: mayUseAmbient(store, policy.ambient, ofAdministrator),
      secret: (ref, signal) => value("Secret", ref, signal),
      configMap: (ref, signal) => value("ConfigMap", ref, signal),
      async token(ref, audiences, signal) {
        const account = locate("ServiceAccount", ref);
        const asked = { account, audiences };
        refuseApiServerToken(asked, policy.apiServerTokens);
        rereads.push((again) => tokens.reread(asked, again));
        const requested = await tokens.read(asked, signal).catch((error: unknown) => {
          throw unreadable("ServiceAccount", account, error);
        });
        refuseDisguisedToken(asked, requested.token);
        return requested;
      },
      async reread(signal) {
        const news = await Promise.all(rereads.map((reread) => reread(signal).catch(() => false)));
        return news.includes(true);
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
