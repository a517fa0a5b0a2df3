import type { ProviderError } from "../api/errors.ts";

/** How the run of one item ended. */
export type Outcome =
  /** Well. Due again after so many milliseconds, or when a topic is woken; neither: when something changes. */
  | { readonly result: "done"; readonly after?: number; readonly waitsFor?: readonly string[] }
  /** Nothing is wrong, look again with backoff (a Conflict; ESO's Requeue), at once when a topic is woken. */
  | { readonly result: "again"; readonly waitsFor?: readonly string[] }
  /** Tried again with backoff, at once when one of the topics it waits for is woken. */
  | { readonly result: "failed"; readonly error: ProviderError; readonly waitsFor?: readonly string[] }
  /** Trying again cannot help: left alone until something changes. */
  | { readonly result: "stuck"; readonly error: ProviderError };
