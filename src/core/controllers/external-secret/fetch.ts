import { withinDeadline } from "../../../api/deadline.ts";
import type { Read } from "../../../api/provider.ts";
import { readAll, readDeadline } from "../../../api/read-all.ts";
import type { StoreRef } from "../../credentials/dependencies.ts";
import type { CoreStore } from "../../store.ts";
import { isUnauthenticated, withClient, type StoreClients } from "../../store-clients.ts";
import { storeTopic } from "../../topics.ts";
import type { SourceResult } from "./pipeline.ts";
import type { Source } from "./reads.ts";
import { noSuchStore } from "./store-access.ts";

/** For whom something is fetched. */
export interface Caller {
  readonly namespace: string;
  readonly signal: AbortSignal;
  /** Undefined: it does not exist. Throws ProviderError when it cannot be used as it is. */
  readonly store: (ref: StoreRef) => CoreStore | undefined;
}

/**
 * What the sources give, in their order: one client and one `readAll` for each store, all stores at the same time.
 * Never rejects; a source that cannot be read has its error in its place.
 */
export async function fetchAll(
  sources: readonly Source[],
  clients: StoreClients,
  caller: Caller,
): Promise<readonly (SourceResult | undefined)[]> {
  const results = new Map<Source, SourceResult>();
  const stores = new Map(sources.map(({ store }) => [storeTopic(store), store]));
  await Promise.all(
    Array.from(stores, async ([topic, store]) => {
      const group = sources.filter((source) => storeTopic(source.store) === topic);
      const answers = await fetchFrom(
        store,
        group.map(({ read }) => read),
        clients,
        caller,
      );
      for (const [index, source] of group.entries()) {
        const answer = answers[index];
        if (answer !== undefined) results.set(source, answer);
      }
    }),
  );
  return sources.map((source) => results.get(source));
}

async function fetchFrom(
  ref: StoreRef,
  reads: readonly Read[],
  clients: StoreClients,
  caller: Caller,
): Promise<readonly SourceResult[]> {
  try {
    const store = caller.store(ref);
    if (store === undefined) throw noSuchStore(ref);
    return await withinDeadline(caller.signal, readDeadline(reads), (signal) =>
      withClient(
        clients,
        { store, callerNamespace: caller.namespace, signal },
        {
          run: (client) => readAll(client, reads, signal),
          isRefused: (results) => results.some((result) => "error" in result && isUnauthenticated(result.error)),
        },
      ),
    );
  } catch (error) {
    return reads.map(() => ({ error }));
  }
}
