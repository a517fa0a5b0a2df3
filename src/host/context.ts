import { ProviderError } from "../api/errors.ts";
import type { Context, SecretKeySelector, ServiceAccountSelector, ServiceAccountToken } from "../api/provider.ts";
import type { FoundReference } from "../api/references.ts";
import type { Credential, CredentialToken } from "../api/credential.ts";
import type { HostCall } from "./call.ts";
import { declare, keyOf, match, type Declared, type Scope } from "./declared.ts";

/**
 * A Context that answers from the credentials of a call and from nothing else. A reference that could not be read
 * rejects with its error, and only when it is asked for: legacy providers read lazily.
 */
export class CredentialContext implements Context {
  readonly namespace: string;
  readonly ambient: boolean;
  readonly #scope: Scope;
  readonly #declared: readonly Declared[];
  readonly #credentials: Map<string, Credential>;
  #firstTokenExpiresAt: number | undefined;

  constructor(
    references: readonly FoundReference[],
    scope: Scope,
    { credentials, ambient }: Pick<HostCall, "credentials" | "ambient">,
  ) {
    this.namespace = scope.callerNamespace;
    this.ambient = ambient;
    this.#scope = scope;
    this.#declared = declare(references, scope);
    this.#credentials = new Map(credentials.map((credential) => [credential.path, credential]));
  }

  /** When the first token that was handed out ends, milliseconds since the epoch; undefined: none was. */
  get firstTokenExpiresAt(): number | undefined {
    return this.#firstTokenExpiresAt;
  }

  /** Takes newer tokens from the credentials of a later call with the same digest. */
  renew(credentials: readonly Credential[]): void {
    for (const credential of credentials) {
      const kept = this.#credentials.get(credential.path);
      // Calls may overtake each other: an older token never replaces a newer one.
      if (kept?.token !== undefined && (credential.token?.expiresAt ?? 0) > kept.token.expiresAt) {
        this.#credentials.set(credential.path, credential);
      }
    }
  }

  async secret(ref: SecretKeySelector): Promise<Uint8Array> {
    return this.#value("Secret", ref);
  }

  async configMap(ref: SecretKeySelector): Promise<Uint8Array> {
    return this.#value("ConfigMap", ref);
  }

  async token(ref: ServiceAccountSelector, audiences: readonly string[]): Promise<ServiceAccountToken> {
    const declared = match(this.#declared, this.#scope, "ServiceAccount", ref);
    // The user's audiences, if there are any, replace those that the provider asks for.
    const wanted = ref.audiences !== undefined && ref.audiences.length > 0 ? ref.audiences : audiences;
    const tokens = declared.map((candidate) => this.#answer(candidate).token).filter((token) => token !== undefined);
    const token = tokens.find((candidate) => wanted.every((audience) => candidate.audiences.includes(audience)));
    if (token === undefined) throw noToken(declared[0], wanted);
    this.#firstTokenExpiresAt ??= token.expiresAt;
    return withoutAudiences(token);
  }

  #value(kind: "Secret" | "ConfigMap", ref: SecretKeySelector): Uint8Array {
    const [declared] = match(this.#declared, this.#scope, kind, ref);
    const key = keyOf(declared);
    const value = this.#answer(declared).keys?.get(key);
    if (value !== undefined) return value;
    throw new ProviderError(
      "InvalidConfig",
      `${declared.pointer}: cannot find secret data for key: ${JSON.stringify(key)} in ${objectOf(declared)}`,
    );
  }

  /** What core sent for a reference. Throws the error, when that is what it sent. */
  #answer(declared: Declared): Credential {
    const credential = this.#credentials.get(declared.pointer);
    if (credential === undefined) {
      throw new ProviderError("InvalidConfig", `${declared.pointer}: ${objectOf(declared)} was not sent with the call`);
    }
    if (credential.error !== undefined) throw new ProviderError(credential.error.code, credential.error.message);
    const { kind, namespace, name } = declared;
    if (credential.kind !== kind || credential.namespace !== namespace || credential.name !== name) {
      throw new ProviderError("Internal", `${declared.pointer}: another object than ${objectOf(declared)} was sent`);
    }
    return credential;
  }
}

function noToken(declared: Declared, audiences: readonly string[]): ProviderError {
  const wanted = audiences.map((audience) => JSON.stringify(audience)).join(", ");
  return new ProviderError(
    "InvalidConfig",
    `${declared.pointer}: no token of ${objectOf(declared)} for the audiences [${wanted}] was sent with the call`,
  );
}

function withoutAudiences({ token, expiresAt, serviceAccountUid, annotations }: CredentialToken): ServiceAccountToken {
  return { token, expiresAt, serviceAccountUid, annotations };
}

function objectOf({ kind, namespace, name }: Declared): string {
  return `${kind} "${namespace}/${name}"`;
}
