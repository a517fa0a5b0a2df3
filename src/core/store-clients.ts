import { ProviderError } from "../api/errors.ts";
import type { Provider, SecretsClient } from "../api/provider.ts";
import type { Credentials } from "./credentials/credentials.ts";
import type { CoreStore } from "./store.ts";

/** What makes clients of stores. */
export interface StoreClients {
  /** What serves a store. Throws ProviderError. */
  readonly providerFor: (store: CoreStore) => Provider;
  readonly credentials: Pick<Credentials, "context">;
}

/** For whom a client is. */
export interface ClientUser {
  readonly store: CoreStore;
  /** Empty when a cluster store is validated without a caller. */
  readonly callerNamespace: string;
  readonly signal: AbortSignal;
}

/** What is done with a client. It may be done twice. */
export interface ClientUse<T> {
  readonly run: (client: SecretsClient) => Promise<T>;
  /** Whether the backend did not accept the store's credentials, by what `run` gave; what it threw is looked at anyway. */
  readonly isRefused?: (result: T) => boolean;
}

/**
 * Uses a client of a store, and closes it after. When the backend does not accept the credentials they are read live
 * once, and used again if they are others now: a credential that was just rotated fails nobody.
 */
export async function withClient<T>(clients: StoreClients, user: ClientUser, use: ClientUse<T>): Promise<T> {
  const { store, callerNamespace, signal } = user;
  const newContext = () => clients.credentials.context(store, callerNamespace);
  const context = newContext();
  const first = useOnce(clients, user, context, use);
  const refused = await first.then(use.isRefused ?? (() => false), isUnauthenticated);
  if (!refused || signal.aborted || !(await context.reread(signal))) return first;
  return useOnce(clients, user, newContext(), use);
}

/** Whether an error says that a backend did not accept the store's credentials. */
export function isUnauthenticated(thrown: unknown): boolean {
  return ProviderError.from(thrown).code === "Unauthenticated";
}

async function useOnce<T>(
  { providerFor }: StoreClients,
  { store, signal }: ClientUser,
  context: ReturnType<Credentials["context"]>,
  { run }: ClientUse<T>,
): Promise<T> {
  const client = await providerFor(store).newClient(store, context, signal);
  try {
    return await run(client);
  } finally {
    // The work is done or has failed for its own reason: what closing has to say changes neither.
    await client.close().catch(() => undefined);
  }
}
