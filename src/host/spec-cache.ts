import type { HostCall } from "./call.ts";
import type { ProviderDefinition } from "./definition.ts";
import type { HostLimits } from "./limits.ts";
import { checkSpec, parseSpec, type CheckedSpec } from "./spec-check.ts";

interface Entry {
  readonly bytes: number;
  readonly checked: Promise<CheckedSpec>;
}

/**
 * Specs that were parsed and checked, once for each peer, store and digest, so that no tenant gets an object of
 * another. What is wrong with a spec is kept too. Bounded in number and bytes; the one unused for longest goes first.
 */
export class SpecCache {
  readonly #definition: ProviderDefinition;
  readonly #limits: Pick<HostLimits, "specs" | "specBytes">;
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;

  constructor(definition: ProviderDefinition, limits: Pick<HostLimits, "specs" | "specBytes">) {
    this.#definition = definition;
    this.#limits = limits;
  }

  /** The call's spec. Rejects with ProviderError InvalidConfig when it is wrong. */
  get({ peer, store, digest, spec }: HostCall): Promise<CheckedSpec> {
    if (digest === "") return this.#check(spec);
    const key = JSON.stringify([peer, store.uid, digest]);
    const kept = this.#entries.get(key);
    if (kept !== undefined) this.#delete(key, kept);
    const entry = kept ?? { bytes: spec.byteLength, checked: this.#check(spec) };
    this.#entries.set(key, entry);
    this.#bytes += entry.bytes;
    this.#shrink();
    return entry.checked;
  }

  async #check(spec: Uint8Array): Promise<CheckedSpec> {
    return checkSpec(this.#definition, parseSpec(spec));
  }

  #shrink(): void {
    for (const [key, entry] of this.#entries) {
      if (this.#entries.size <= this.#limits.specs && this.#bytes <= this.#limits.specBytes) return;
      this.#delete(key, entry);
    }
  }

  #delete(key: string, entry: Entry): void {
    this.#entries.delete(key);
    this.#bytes -= entry.bytes;
  }
}
