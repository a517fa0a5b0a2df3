import type { Static, TSchema } from "typebox";
import type { Context, PushSource, RetrySettings, Store } from "../api/provider.ts";

/** What `connect` gets. */
export interface ConnectRequest<Spec> {
  /** The object under `spec.provider.KEY`, checked and with defaults. */
  readonly spec: Spec;
  readonly store: Store;
  readonly retrySettings: RetrySettings | undefined;
  /** Answers the references of `spec`. */
  readonly credentials: Context;
}

/** Which secret to read. */
export interface ReadRequest {
  readonly key: string;
  readonly version: string | undefined;
}

/** Which secrets to list; names are compared by the sdk. */
export interface ListRequest {
  readonly path: string | undefined;
  /** All of them must be there with these values; undefined: not asked for. */
  readonly tags: Readonly<Record<string, string>> | undefined;
  /** Whether the user searches by name too. */
  readonly named: boolean;
}

/** What to write where. */
export interface WriteRequest {
  readonly key: string;
  /** Empty: the value is the whole secret. */
  readonly property: string;
  readonly value: Uint8Array;
  /** `spec` of the user's PushSecretMetadata, checked; undefined: none was given. */
  readonly metadata: unknown;
  readonly source: PushSource;
}

/** What to remove. */
export interface RemoveRequest {
  readonly key: string;
  /** Empty: the whole secret. */
  readonly property: string;
}

/**
 * A provider as its author writes it: how to connect, and the operations that the backend has. What is absent is
 * Unsupported. Secrets are bytes, a secret with properties is a JSON object. All reject with ProviderError.
 */
export interface Operations<Spec extends TSchema, Connection> {
  /** The key under `spec.provider`. */
  readonly name: string;
  readonly spec: Spec;
  readonly connect: (request: ConnectRequest<Static<Spec>>, signal: AbortSignal) => Promise<Connection>;
  /** The secret; undefined: there is none. */
  readonly read?: (
    connection: Connection,
    request: ReadRequest,
    signal: AbortSignal,
  ) => Promise<Uint8Array | undefined>;
  /** Its metadata as a JSON object (`metadataPolicy: Fetch`). Absent: the policy is ignored, as ESO does. */
  readonly readMetadata?: (
    connection: Connection,
    request: ReadRequest,
    signal: AbortSignal,
  ) => Promise<Uint8Array | undefined>;
  /** Keys of the secrets under a path with some tags; undefined: there is no such path. Needs `read`. */
  readonly list?: (
    connection: Connection,
    request: ListRequest,
    signal: AbortSignal,
  ) => Promise<readonly string[] | undefined>;
  readonly write?: (connection: Connection, request: WriteRequest, signal: AbortSignal) => Promise<void>;
  /** Removes what Outboard wrote; what is not there or belongs to others is left as it is. */
  readonly remove?: (connection: Connection, request: RemoveRequest, signal: AbortSignal) => Promise<void>;
  /** Whether the secret exists. A property's existence the sdk finds with `read`. */
  readonly exists?: (connection: Connection, key: string, signal: AbortSignal) => Promise<boolean>;
  /** Whether the credentials are good. Absent: a store that connects is valid. */
  readonly validate?: (connection: Connection, signal: AbortSignal) => Promise<void>;
  /** Ends what `connect` opened. */
  readonly close?: (connection: Connection) => Promise<void>;
  /** What is wrong with a spec beyond its schema, one sentence each (admission). */
  readonly check?: (spec: Static<Spec>, store: Store) => readonly string[];
  /** Schema of PushSecretMetadata's `spec`. Absent: metadata is ignored, as by ESO's providers that take none. */
  readonly pushMetadata?: TSchema;
}
