import { ProviderError } from "./errors.ts";
import type { Read, ReadResult, SecretMap, SecretsClient } from "./provider.ts";
import { abortError, untilAborted } from "./until-aborted.ts";

/** How one read ended. */
export type SettledRead =
  | { readonly value: Uint8Array }
  | { readonly values: SecretMap }
  | { readonly error: ProviderError };

/** Reads in one call of `client.read` (the wire's limit), and single calls at a time without it. */
const chunkSize = 256;
const width = 8;

/** Milliseconds that `reads` may take in all; a search may have to walk the whole backend. */
export function readDeadline(reads: readonly Read[]): number {
  return reads.some(({ op }) => op === "find") ? 120_000 : 30_000;
}

/**
 * Does all `reads`, by `client.read` if the client has it, else by single calls, and answers in their order. Never
 * rejects: a read that failed, or that the signal cut off, has its error in its place. Waits no longer than the signal,
 * even for a client that does not heed it. The caller sets the deadline, by {@link readDeadline}.
 */
export async function readAll(
  client: SecretsClient,
  reads: readonly Read[],
  signal: AbortSignal,
): Promise<readonly SettledRead[]> {
  return client.read === undefined
    ? readOneByOne(client, reads, signal)
    : readChunks(client.read.bind(client), reads, signal);
}

type NativeRead = NonNullable<SecretsClient["read"]>;

async function readChunks(read: NativeRead, reads: readonly Read[], signal: AbortSignal): Promise<SettledRead[]> {
  const settled = new Map<number, SettledRead>();
  let pending = [...reads.keys()];
  while (pending.length > 0) {
    const asked = pending.slice(0, chunkSize);
    const results = await readChunk(
      read,
      asked.flatMap((index) => reads[index] ?? []),
      signal,
    );
    const deferred = asked.filter((index, position) => {
      const result = results[position];
      if (result === undefined || "deferred" in result) return true;
      settled.set(index, result);
      return false;
    });
    if (deferred.length === asked.length) for (const index of deferred.splice(0)) settled.set(index, noProgress());
    pending = [...deferred, ...pending.slice(chunkSize)];
  }
  return reads.map((_, index) => settled.get(index) ?? noProgress());
}

async function readChunk(
  read: NativeRead,
  reads: readonly Read[],
  signal: AbortSignal,
): Promise<readonly ReadResult[]> {
  try {
    if (signal.aborted) throw abortError(signal);
    return await untilAborted(read(reads, signal), signal);
  } catch (thrown) {
    const error = ProviderError.from(thrown);
    return reads.map(() => ({ error }));
  }
}

async function readOneByOne(
  client: SecretsClient,
  reads: readonly Read[],
  signal: AbortSignal,
): Promise<SettledRead[]> {
  const settled: SettledRead[] = [];
  const queue = reads.entries();
  // The workers share one iterator: each takes the next read that nobody has.
  const worker = async () => {
    for (const [index, read] of queue) settled[index] = await readOne(client, read, signal);
  };
  await Promise.all(Array.from({ length: width }, worker));
  return settled;
}

async function readOne(client: SecretsClient, read: Read, signal: AbortSignal): Promise<SettledRead> {
  try {
    if (signal.aborted) throw abortError(signal);
    if (read.op === "get") return { value: await untilAborted(client.getSecret(read.ref, signal), signal) };
    const values = read.op === "map" ? client.getSecretMap(read.ref, signal) : client.getAllSecrets(read.find, signal);
    return { values: await untilAborted(values, signal) };
  } catch (thrown) {
    return { error: ProviderError.from(thrown) };
  }
}

function noProgress(): SettledRead {
  return { error: new ProviderError("Internal", "the provider answered none of the reads that it was asked") };
}
