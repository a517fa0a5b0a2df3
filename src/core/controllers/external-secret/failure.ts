import { ProviderError, type Code } from "../../../api/errors.ts";
import type { Outcome } from "../../../cluster/outcome.ts";

/** An ExternalSecret that does not work: what its condition says (ESO's generic words) and what its event says. */
export interface Failure {
  readonly condition: string;
  readonly error: ProviderError;
  /** Whether trying again can help. */
  readonly retried: boolean;
  /** Topics that make it due at once. */
  readonly waitsFor: readonly string[];
}

/** Values did not come. */
export function notFetched(error: ProviderError, waitsFor: readonly string[]): Failure {
  return { condition: "could not get secret data from provider", error, retried: true, waitsFor };
}

/** Nothing but a change of the object or its target helps. */
export function stuck(condition: string, code: Code, message: string): Failure {
  return { condition, error: new ProviderError(code, message), retried: false, waitsFor: [] };
}

/** What the queue does with a failure. */
export function failureOutcome({ error, retried, waitsFor }: Failure): Outcome {
  return retried ? { result: "failed", error, waitsFor } : { result: "stuck", error };
}
