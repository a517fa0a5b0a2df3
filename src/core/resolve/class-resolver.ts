import { ProviderError } from "../../api/errors.ts";
import type { Store } from "../../api/provider.ts";
import type { Cluster } from "../../cluster/cluster.ts";
import { getProviderClass, type ClassRef, type ProviderClassObject } from "../kinds.ts";
import { letsIn } from "../namespace-conditions.ts";
import { classRefusal, namespaceInQuestion } from "./approvals.ts";
import { className, useClass, type ClassWorld, type UsableClass } from "./classes.ts";
import type { Resolver } from "./endpoint.ts";
import { inlineKey } from "./inline-key.ts";
import { LookupError, type Lookup } from "./lookup.ts";
import { ResolutionError } from "./resolution-error.ts";

/** What {@link createClassResolver} takes. */
export interface ClassResolverOptions extends ClassWorld {
  readonly cluster: Pick<Cluster, "get" | "namespace">;
  readonly lookup: Lookup;
}

/** Finds a store's provider through the class that its `spec.runtimeRef` names. */
export function createClassResolver(options: ClassResolverOptions): Resolver {
  return {
    async endpoint(store, callerNamespace, signal) {
      const ref = classRefOf(store);
      const object = await approvedClass(ref, store, callerNamespace, options);
      const { address, trust, certificates } = await usable(object, ref, options, signal);
      const dialled = await options.lookup(address, signal).catch((thrown: unknown) => {
        if (!(thrown instanceof LookupError)) throw ProviderError.from(thrown);
        const what = `the provider of ${className(ref)} is not reachable: ${thrown.message}`;
        throw new ResolutionError("ProviderUnavailable", what, { cause: thrown });
      });
      return { address: dialled, serverName: address.host, trust, certificates: certificates.source };
    },
  };
}

/** The class that a store names. Throws ResolutionError when it names none or may not use one of that kind. */
export function classRefOf(store: Pick<Store, "kind" | "namespace" | "name" | "spec">): ClassRef {
  const key = inlineKey(store);
  const { runtimeRef } = store.spec;
  if (runtimeRef === undefined) {
    throw new ResolutionError(
      "ProviderNotFound",
      `no provider is known for spec.provider.${key}: providers are not discovered yet; ` +
        "set spec.runtimeRef to a ProviderClass or ClusterProviderClass that says where it runs",
    );
  }
  const { kind, name } = runtimeRef;
  const refusal = classRefusal({ storeKind: store.kind, classKind: kind });
  if (refusal !== undefined) throw new ResolutionError("ProviderNotApproved", refusal);
  return { kind, namespace: kind === "ProviderClass" ? store.namespace : "", name };
}

async function approvedClass(
  ref: ClassRef,
  store: Store,
  callerNamespace: string,
  { cluster }: ClassResolverOptions,
): Promise<ProviderClassObject> {
  const object = getProviderClass(cluster, ref);
  if (object === undefined) throw new ResolutionError("ProviderNotFound", `${className(ref)} not found`);
  const namespace = namespaceInQuestion(store, callerNamespace);
  if (ref.kind === "ProviderClass" || namespace === "") return object;
  const known = cluster.namespace(namespace) ?? { name: namespace, labels: {} };
  const allowed = await letsIn(object.spec.conditions ?? [], known).catch((thrown: unknown) => {
    const what = `${className(ref)} lets nobody in: its spec.conditions cannot be read`;
    throw new ResolutionError("ProviderNotApproved", what, { cause: thrown });
  });
  if (allowed) return object;
  throw new ResolutionError(
    "ProviderNotApproved",
    `using ${className(ref)} is not allowed from namespace ${JSON.stringify(namespace)}: denied by its spec.conditions`,
  );
}

/** A tenant is not told what is wrong with a class of the cluster: that is in the class's own condition. */
async function usable(
  object: ProviderClassObject,
  ref: ClassRef,
  options: ClassResolverOptions,
  signal: AbortSignal,
): Promise<UsableClass> {
  try {
    return await useClass(object, options, signal);
  } catch (thrown) {
    if (!(thrown instanceof ResolutionError)) throw thrown;
    const detail = ref.kind === "ProviderClass" ? thrown.message : "its Ready condition says why";
    throw new ResolutionError(thrown.reason, `${className(ref)} cannot be used: ${detail}`, { cause: thrown });
  }
}
