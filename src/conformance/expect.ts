import assert from "node:assert/strict";
import type { Code } from "../api/errors.ts";
import { ProviderError } from "../api/errors.ts";
import type { Context, Provider, SecretsClient, Store } from "../api/provider.ts";

/** A signal that nothing aborts. */
export const never = (): AbortSignal => new AbortController().signal;

/** Rejects unless `promise` rejects with a ProviderError of this code; gives the error. */
export async function rejectsWith(promise: Promise<unknown>, ...codes: readonly Code[]): Promise<ProviderError> {
  const error: unknown = await promise.then(
    () => assert.fail(`did not reject, expected ${codes.join(" or ")}`),
    (reason: unknown) => reason,
  );
  if (error instanceof assert.AssertionError) throw error;
  assert.ok(error instanceof ProviderError, `rejected with ${String(error)}, which is no ProviderError`);
  assert.ok(
    codes.includes(error.code),
    `rejected with ${error.code} (${error.message}), expected ${codes.join(" or ")}`,
  );
  return error;
}

/** Bytes equal, without printing them: they may be a megabyte. */
export function sameBytes(actual: Uint8Array, expected: Uint8Array, what: string): void {
  assert.equal(actual.byteLength, expected.byteLength, `${what}: length`);
  assert.ok(Buffer.from(actual.buffer, actual.byteOffset, actual.byteLength).equals(expected), `${what}: bytes differ`);
}

/** Runs `use` with a client of the store and closes it. */
export async function withClient<T>(
  subject: { readonly provider: Provider; readonly store: Store; readonly context: Context },
  use: (client: SecretsClient) => Promise<T>,
): Promise<T> {
  const client = await subject.provider.newClient(subject.store, subject.context, never());
  try {
    return await use(client);
  } finally {
    await client.close();
  }
}
