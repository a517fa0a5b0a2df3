/** What one end of a connection proves itself with and trusts, all PEM. */
export interface Certificates {
  /** One or more CA certificates. */
  readonly ca: string;
  /** The leaf, followed by intermediates if there are any. */
  readonly cert: string;
  /** Private key of the leaf. */
  readonly key: string;
}

/**
 * Where both ends of the wire get their certificates: one seam, so that what is behind it can change while connections
 * live. `current` is undefined until there is a first pair; listeners hear of each new one.
 */
export interface CertificateSource {
  current(): Certificates | undefined;
  /** Returns what ends the subscription. */
  subscribe(listener: (certificates: Certificates) => void): () => void;
}

/** A source whose owner hands in the pairs. */
export interface UpdatableCertificates extends CertificateSource {
  update(certificates: Certificates): void;
}

/** A source that holds what it is given. */
export function certificates(first?: Certificates): UpdatableCertificates {
  let held = first;
  const listeners = new Set<(next: Certificates) => void>();
  return {
    current: () => held,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    update: (next) => {
      held = next;
      for (const listener of listeners) listener(next);
    },
  };
}
