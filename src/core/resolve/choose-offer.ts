import { ResolutionError } from "./resolution-error.ts";
import type { Offer } from "./offer.ts";
import { covers, wantedText, type Wanted } from "./serves.ts";

/** The Service that serves what is asked for. */
export interface Choice {
  readonly offer: Offer;
  /** Others are approved for the same: who they are and which one serves. */
  readonly conflict?: string;
}

/**
 * Who serves `wanted` for an object of `namespace` (empty: of the cluster): of those approved the oldest; else, for a config
 * kind, one of the object's own namespace. Throws ResolutionError, which says nothing of other tenants' Services.
 */
export function chooseOffer(offers: readonly Offer[], wanted: Wanted, namespace: string): Choice {
  const claimed = offers.filter(({ serves }) => covers(serves, wanted)).toSorted(byAge);
  const approved = claimed.filter((offer) => offer.approved);
  const usable = approved.filter(({ port }) => port !== undefined);
  const [first, ...others] = usable;
  if (first !== undefined) {
    if (others.length === 0) return { offer: first };
    const names = others.map(nameOf).join(", ");
    const conflict = `${wantedText(wanted)} is served by the oldest of several approved Services, ${nameOf(first)}; the others are ${names}: leave one of them`;
    return { offer: first, conflict };
  }
  const [broken] = approved;
  if (broken !== undefined) {
    const what = `Service ${nameOf(broken)} is approved to serve ${wantedText(wanted)}, but ${broken.problem}`;
    throw new ResolutionError("ProviderUnavailable", what);
  }
  const own = namespace === "" ? [] : claimed.filter(({ service }) => service.namespace === namespace);
  const ownUsable = own.find(({ port }) => port !== undefined);
  if (wanted.what === "kind" && ownUsable !== undefined) return { offer: ownUsable };
  const [unapproved] = own;
  if (unapproved !== undefined) {
    const why =
      wanted.what === "kind"
        ? (unapproved.problem ?? "")
        : "a Service of a tenant's namespace serves no inline key: an administrator labels the namespace, or name it by spec.runtimeRef";
    throw new ResolutionError(
      "ProviderNotApproved",
      `Service ${nameOf(unapproved)} is not approved to serve ${wantedText(wanted)}: ${why}`,
    );
  }
  throw new ResolutionError(
    "ProviderNotFound",
    `no approved provider serves ${wantedText(wanted)}; an administrator installs one (a Service with label ` +
      "external-secrets.io/provider and the name in annotation external-secrets.io/serves)",
  );
}

function byAge(a: Offer, b: Offer): number {
  const [left, right] = [`${a.created} ${nameOf(a)}`, `${b.created} ${nameOf(b)}`];
  return left < right ? -1 : 1;
}

function nameOf({ service }: Offer): string {
  return `${service.namespace}/${service.name}`;
}
