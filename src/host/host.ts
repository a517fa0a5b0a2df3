import type { SecretsClient, StoreValidation } from "../api/provider.ts";
import type { CallInfo, HostCall } from "./call.ts";
import { ClientCache, type ClientRequest } from "./client-cache.ts";
import { CredentialContext } from "./context.ts";
import { isReferent } from "./declared.ts";
import type { ProviderDefinition } from "./definition.ts";
import { InFlight } from "./in-flight.ts";
import type { HostLimits } from "./limits.ts";
import { SpecCache } from "./spec-cache.ts";
import type { CheckedSpec } from "./spec-check.ts";
import { validateStore } from "./store-validation.ts";
import { Turns } from "./turns.ts";
import { abortError, untilAborted } from "../api/until-aborted.ts";

/** What a host is made of. */
export interface HostOptions {
  readonly definition: ProviderDefinition;
  readonly limits: HostLimits;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** What surrounds providers that are called over the wire: the spec's check, clients and their credentials, limits. */
export interface Host {
  /**
   * Runs `operation` with a client for the call's store and caller: a kept one when peer, store, caller and digest are
   * the same, else a new one. Settles no later than `signal` aborts, whatever the provider does. Rejects with
   * ProviderError: InvalidConfig (spec), RateLimited (too much in flight), Cancelled or DeadlineExceeded; and with
   * whatever the provider and `operation` reject with.
   */
  use<T>(
    call: HostCall,
    signal: AbortSignal,
    operation: (client: SecretsClient, info: CallInfo) => Promise<T>,
  ): Promise<T>;
  /** What host and provider say of a store's spec. Rejects as `use` does, but not for what is wrong with the spec. */
  validateStore(call: HostCall, signal: AbortSignal): Promise<StoreValidation>;
  /** The call's spec, checked once per digest. Rejects with ProviderError InvalidConfig. */
  check(call: HostCall): Promise<CheckedSpec>;
  /** Clients that are kept. */
  readonly clients: number;
  /** Calls that run, those whose caller has gone included. */
  readonly inFlight: number;
  /** Closes clients that were idle too long; the host does so by itself once a minute. */
  sweep(): void;
  /** Closes every client, each after its calls, and waits for it. The host is not used after that. */
  close(): Promise<void>;
}

const sweepInterval = 60_000;

/** A host for the providers of `definition`. */
export function createHost({ definition, limits, now }: HostOptions): Host {
  const specs = new SpecCache(definition, limits);
  const clients = new ClientCache(limits, now);
  const inFlight = new InFlight(limits);
  const turns = new Turns();
  const sweeping = setInterval(() => clients.sweep(), sweepInterval).unref();

  /** Counts as in flight until `run` has really ended, which may be long after its caller gave up. */
  const bounded = async <T>(call: HostCall, signal: AbortSignal, run: () => Promise<T>): Promise<T> => {
    const leave = inFlight.enter({
      peer: call.peer,
      storeUid: call.store.uid,
      clusterStore: call.store.namespace === "",
      callerNamespace: call.callerNamespace,
    });
    const begun = turns.next(JSON.stringify([call.peer, call.callerNamespace])).then(() => {
      if (signal.aborted) throw abortError(signal);
      return run();
    });
    return untilAborted(begun.finally(leave), signal);
  };

  return {
    use: (call, signal, operation) =>
      bounded(call, signal, async () => {
        const checked = await specs.get(call);
        const info = { key: checked.definition.key, warnings: checked.warnings };
        return clients.use(clientRequest(call, checked), signal, (client) => operation(client, info));
      }),
    validateStore: (call, signal) => bounded(call, signal, () => validateStore(call.store, specs.get(call), signal)),
    check: (call) => specs.get(call),
    get clients() {
      return clients.size;
    },
    get inFlight() {
      return inFlight.total;
    },
    sweep: () => clients.sweep(),
    close: async () => {
      clearInterval(sweeping);
      await clients.close();
    },
  };
}

/**
 * One client for each peer, store and caller's namespace. All callers of a store share one only where the provider says
 * that its clients serve all, and no reference depends on the caller; such a client is not told of any caller.
 */
function clientRequest(call: HostCall, checked: CheckedSpec): ClientRequest {
  const { peer, store, credentials, ambient } = call;
  const { definition, references, spec } = checked;
  const scope = { storeNamespace: store.namespace, callerNamespace: call.callerNamespace };
  const sharesClients = definition.provider.sharesClients === true;
  const shared = sharesClients && !references.some((reference) => isReferent(scope, reference));
  const caller = shared ? store.namespace : call.callerNamespace;
  return {
    slot: JSON.stringify([peer, store.uid, shared ? null : caller]),
    digest: store.uid === "" ? "" : call.digest,
    credentials,
    endsWithToken: !sharesClients,
    context: () => new CredentialContext(references, { ...scope, callerNamespace: caller }, { credentials, ambient }),
    create: (context, signal) => definition.provider.newClient({ ...store, spec }, context, signal),
  };
}
