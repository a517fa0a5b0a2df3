import type { Context, Provider, SecretsClient, Store } from "../api/provider.ts";
import type { Credentials } from "./credentials/credentials.ts";

/** What makes clients of stores. */
export interface StoreClients {
  /** What serves a store. Throws ProviderError. */
  readonly providerFor: (store: Store) => Provider;
  readonly credentials: Pick<Credentials, "context">;
}

/** Runs `use` with a client of a store, and closes it after. */
export async function withClient<T>(
  provider: Provider,
  { store, context, signal }: { readonly store: Store; readonly context: Context; readonly signal: AbortSignal },
  use: (client: SecretsClient) => Promise<T>,
): Promise<T> {
  const client = await provider.newClient(store, context, signal);
  try {
    return await use(client);
  } finally {
    // The work is done or has failed for its own reason: what closing has to say changes neither.
    await client.close().catch(() => undefined);
  }
}
