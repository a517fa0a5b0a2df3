import { ProviderError } from "../api/errors.ts";
import type { Read, ReadResult, SecretMap, SecretsClient } from "../api/provider.ts";
import { abortError, untilAborted } from "../api/until-aborted.ts";

/** Bytes of answers; one answer alone may have up to `answer`, all of them together `total` unless it is the first. */
export interface ReadBudget {
  readonly total: number;
  readonly answer: number;
}

/** Single calls at a time, for clients without `read`. */
const width = 8;

/**
 * Runs `reads` by the client's own `read` if it has one, else by single calls, and answers in their order. What is not
 * finished when `stop` aborts has the signal's error. Answers beyond the budget are deferred, the first one never: what
 * is too large for any response is TooLarge.
 */
export async function runReads(
  client: SecretsClient,
  reads: readonly Read[],
  budget: ReadBudget,
  stop: AbortSignal,
): Promise<readonly ReadResult[]> {
  const results =
    client.read === undefined ? await single(client, reads, budget, stop) : await native(client, reads, stop);
  return fit(results, budget);
}

/** Bytes that an answer takes on the wire, to within a few. */
export function answerBytes(result: ReadResult): number {
  if ("value" in result) return result.value.length;
  if ("values" in result) return mapBytes(result.values);
  return "error" in result ? Buffer.byteLength(result.error.message) : 0;
}

function fit(results: readonly ReadResult[], { total, answer }: ReadBudget): readonly ReadResult[] {
  let used = 0;
  return results.map((result, index) => {
    const bytes = answerBytes(result);
    if (bytes > answer) return { error: tooLarge(bytes, answer) };
    if (index > 0 && used + bytes > total) return { deferred: true };
    used += bytes;
    return result;
  });
}

function tooLarge(bytes: number, answer: number): ProviderError {
  return new ProviderError("TooLarge", `the answer to this read has ${bytes} bytes, and one may have ${answer}`);
}

async function native(
  client: SecretsClient,
  reads: readonly Read[],
  stop: AbortSignal,
): Promise<readonly ReadResult[]> {
  const failed = (error: ProviderError) => reads.map(() => ({ error }));
  try {
    if (stop.aborted) return failed(abortError(stop));
    const results = (await untilAborted(client.read?.(reads, stop) ?? Promise.resolve([]), stop)) ?? [];
    if (results.length === reads.length) return results;
    return failed(
      new ProviderError("Internal", `the provider gave ${results.length} answers to ${reads.length} reads`),
    );
  } catch (thrown) {
    return failed(ProviderError.from(thrown));
  }
}

async function single(
  client: SecretsClient,
  reads: readonly Read[],
  { total }: ReadBudget,
  stop: AbortSignal,
): Promise<readonly ReadResult[]> {
  const results: ReadResult[] = reads.map(() => ({ deferred: true }));
  const queue = reads.entries();
  let used = 0;
  // The workers share one iterator. What would not fit any more is not fetched.
  const worker = async () => {
    for (const [index, read] of queue) {
      const result = used < total || index === 0 ? await one(client, read, stop) : ({ deferred: true } as const);
      used += answerBytes(result);
      results[index] = result;
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, reads.length) }, worker));
  return results;
}

async function one(client: SecretsClient, read: Read, stop: AbortSignal): Promise<ReadResult> {
  try {
    if (stop.aborted) throw abortError(stop);
    if (read.op === "get") return { value: await untilAborted(client.getSecret(read.ref, stop), stop) };
    const values = read.op === "map" ? client.getSecretMap(read.ref, stop) : client.getAllSecrets(read.find, stop);
    return { values: await untilAborted(values, stop) };
  } catch (thrown) {
    return { error: ProviderError.from(thrown) };
  }
}

function mapBytes(values: SecretMap): number {
  let bytes = 0;
  // 16: tags and lengths of an entry.
  for (const [key, value] of values) bytes += Buffer.byteLength(key) + value.length + 16;
  return bytes;
}
