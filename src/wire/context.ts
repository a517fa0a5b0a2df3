import type { Credential } from "../api/credential.ts";
import { ProviderError } from "../api/errors.ts";
import type { Store, StoreSpec } from "../api/provider.ts";
import type * as wire from "./gen/outboard/v1/context.ts";
import { knownCode } from "./status.ts";

/** What core resolved for one store and caller. */
export interface CallContext {
  readonly store: Omit<Store, "spec">;
  /** The store's spec, JSON in UTF-8, see {@link encodeSpec}. */
  readonly spec: Uint8Array;
  /** Namespace of the ExternalSecret or PushSecret; empty when a cluster store is validated without one. */
  readonly callerNamespace: string;
  readonly credentials: readonly Credential[];
  /** Hex. Equal digests of one peer and store mean equal spec and credentials. Empty: nothing may be cached. */
  readonly digest: string;
  /** The store may use the identity of the provider's pod. */
  readonly ambient: boolean;
}

/** A store's spec as it travels. */
export function encodeSpec(spec: StoreSpec): Uint8Array {
  return Buffer.from(JSON.stringify(spec));
}

/** A call's context as a message. */
export function toContext(context: CallContext): wire.Context {
  return {
    store: context.store,
    caller: { namespace: context.callerNamespace },
    spec: context.spec,
    credentials: context.credentials.map(toCredential),
    digest: Buffer.from(context.digest, "hex"),
    ambient: context.ambient,
  };
}

/** A call's context from a message. Throws ProviderError InvalidConfig when there is none or a part of it is missing. */
export function fromContext(context: wire.Context | undefined): CallContext {
  if (context?.store === undefined) {
    throw new ProviderError(
      "InvalidConfig",
      "the request has no context: this provider reads nothing from Kubernetes and needs Outboard's core to call it",
    );
  }
  return {
    store: context.store,
    spec: context.spec,
    callerNamespace: context.caller?.namespace ?? "",
    credentials: context.credentials.map(fromCredential),
    digest: Buffer.from(context.digest).toString("hex"),
    ambient: context.ambient,
  };
}

function toCredential({ path, kind, namespace, name, keys, token, error }: Credential): wire.Credential {
  return {
    path,
    kind,
    namespace,
    name,
    keys: new Map(keys),
    token: token && {
      token: token.token,
      expiresAtUnixMs: token.expiresAt,
      audiences: [...token.audiences],
      serviceAccountUid: token.serviceAccountUid,
      annotations: new Map(token.annotations),
    },
    error,
  };
}

function fromCredential({ path, kind, namespace, name, keys, token, error }: wire.Credential): Credential {
  if (kind !== "Secret" && kind !== "ConfigMap" && kind !== "ServiceAccount") {
    throw new ProviderError(
      "InvalidConfig",
      `the context holds a credential of unknown kind at ${JSON.stringify(path)}`,
    );
  }
  const credential: Credential = { path, kind, namespace, name };
  if (error !== undefined) return { ...credential, error: { code: knownCode(error.code), message: error.message } };
  if (token === undefined) return { ...credential, keys };
  const { expiresAtUnixMs: expiresAt, audiences, serviceAccountUid, annotations } = token;
  return { ...credential, token: { token: token.token, expiresAt, audiences, serviceAccountUid, annotations } };
}
