import { ProviderError } from "../../api/errors.ts";
import type { ServedKey } from "../../wire/describe.ts";
import { inlineKey } from "../resolve/inline-key.ts";
import { ResolutionError } from "../resolve/resolution-error.ts";
import type { CoreStore } from "../store.ts";
import type { Peer } from "./connection.ts";

/** What a peer of ours says of what a store asks for. */
export type Served = Pick<ServedKey, "operations" | "references">;

/**
 * What a peer says of a store's config kind, or of its inline key; undefined: a peer of the prototype, which cannot say,
 * and serves only what names it. Throws ProviderError InvalidConfig when it serves no such thing, ResolutionError when it
 * was only discovered.
 */
export function servedBy(peer: Peer, store: CoreStore, serverName: string): Served | undefined {
  if (!peer.outboard) {
    if (store.route.by !== "discovery") return undefined;
    throw new ResolutionError(
      "ProviderNotApproved",
      `the provider at ${serverName} does not say what it serves, so it serves only what names it; ` +
        "name it by spec.runtimeRef, or by the address of a Provider",
    );
  }
  const { keys, kinds } = peer.description;
  const { config } = store;
  const served =
    config === undefined
      ? keys.find(({ key }) => key === inlineKey(store))
      : kinds.find(
          ({ group, version, kind }) => group === config.group && version === config.version && kind === config.kind,
        );
  if (served !== undefined) return served;
  const wanted = config === undefined ? inlineKey(store) : `${config.kind}.${config.version}.${config.group}`;
  throw new ProviderError("InvalidConfig", `the provider at ${serverName} does not serve ${JSON.stringify(wanted)}`);
}

/** Whether what was made for one peer can go to another: both are given the same references, or both read themselves. */
export function isSameService(left: Served | undefined, right: Served | undefined): boolean {
  if (left === undefined || right === undefined) return left === right;
  const paths = (served: Served) => JSON.stringify(served.references.map(({ path }) => path).toSorted());
  return paths(left) === paths(right);
}
