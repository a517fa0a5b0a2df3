import type { CaPhase, CaState } from "./ca-state.ts";
import type { Certificate, HeldCertificate } from "./certificate.ts";

/** Why a CA is made. */
export type CaReason = "missing" | "unusable" | "expiry" | "requested";

/** What is to be done with the CA now. */
export type CaStep =
  /** Nothing before `at`, milliseconds since the epoch. */
  | { readonly step: "wait"; readonly at: number }
  /** A new one at once; `previous` may still be trusted. */
  | { readonly step: "replace"; readonly reason: CaReason; readonly previous: readonly Certificate[] }
  /** The next one is made and made known. */
  | { readonly step: "announce"; readonly reason: CaReason }
  /** The next one signs from now on. */
  | { readonly step: "switch"; readonly next: HeldCertificate; readonly previous: readonly Certificate[] }
  /** The one before is not trusted any more. */
  | { readonly step: "retire" }
  /** The Secret does not say what it is in the middle of: this is what it looks like. */
  | { readonly step: "repair"; readonly phase: CaPhase };

/** How far the present state of the CA has reached those whom a replacement waits for. */
export interface Reach {
  /** How many have not got it. */
  readonly lagging: number;
  /** When the last of them got it, milliseconds since the epoch. */
  readonly movedAt: number;
}

/** What {@link caStep} goes by, milliseconds. */
export interface CaRules {
  /** How long before its end a CA is replaced. */
  readonly caLookahead: number;
  /** How long it takes until a Secret that was written is in use everywhere. */
  readonly propagationTime: number;
  /** How soon laggards are looked at again. */
  readonly lookInterval: number;
  /** How often everything is looked at. */
  readonly interval: number;
}

/** By how much another machine's clock may be ahead of ours. */
const clockTolerance = 60_000;

/** What {@link caStep} decides from. */
export interface CaFacts {
  /** Undefined: there is no Secret. */
  readonly state: CaState | undefined;
  /** What was trusted when there was one: its leaves are still out there. */
  readonly remembered: readonly Certificate[];
  readonly reach: Reach;
  readonly rules: CaRules;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** The next step of the CA. */
export function caStep({ state, remembered, reach, rules, now }: CaFacts): CaStep {
  const valid = (each: Certificate) => each.notAfter > now;
  if (state === undefined) return { step: "replace", reason: "missing", previous: remembered.filter(valid) };
  const { ca, next, phase, since } = state;
  const previous = state.previous.filter(valid);
  if (ca === undefined || !valid(ca.certificate)) return withoutCa({ ...state, previous }, now);
  if (phase === undefined || since > now + clockTolerance) return { step: "repair", phase: phaseOf(state) };
  if (phase === "stable") return fromStable(state, ca.certificate, rules, now);
  if (phase === "announced") {
    if (next === undefined || !valid(next.certificate)) return { step: "announce", reason: "unusable" };
    // Half of what the old one has left: later there would be no time to wait for its leaves to go.
    const latest = since + Math.max(rules.propagationTime, (ca.certificate.notAfter - since) / 2);
    const wait = untilReached({ since, latest, reach, rules, now });
    return wait ?? { step: "switch", next, previous: [ca.certificate, ...previous] };
  }
  if (previous.length === 0) return { step: "retire" };
  const latest = Math.max(...previous.map(({ notAfter }) => notAfter));
  return untilReached({ since, latest, reach, rules, now }) ?? { step: "retire" };
}

/** There is none that can sign: the one that was to be next does at once, if it can, else a new one. */
function withoutCa({ caCertificate, next, previous, phase }: CaState, now: number): CaStep {
  const trusted = caCertificate !== undefined && caCertificate.notAfter > now ? [caCertificate, ...previous] : previous;
  if (phase === "announced" && next !== undefined && next.certificate.notAfter > now) {
    return { step: "switch", next, previous: trusted };
  }
  return { step: "replace", reason: "unusable", previous: trusted };
}

function fromStable(state: CaState, ca: Certificate, { caLookahead }: CaRules, now: number): CaStep {
  if (state.requested) return { step: "announce", reason: "requested" };
  const at = ca.notAfter - caLookahead;
  return now >= at ? { step: "announce", reason: "expiry" } : { step: "wait", at };
}

/** Waits until all have the present state, and have had it for the propagation time; not past `latest`. */
function untilReached(facts: {
  readonly since: number;
  readonly latest: number;
  readonly reach: Reach;
  readonly rules: CaRules;
  readonly now: number;
}): CaStep | undefined {
  const { since, latest, reach, rules, now } = facts;
  const reached = Math.max(since, reach.movedAt) + rules.propagationTime;
  const end = Math.min(latest, reach.lagging > 0 ? Number.POSITIVE_INFINITY : reached);
  if (now >= end) return undefined;
  return { step: "wait", at: Math.min(end, reach.lagging > 0 ? now + rules.lookInterval : end) };
}

function phaseOf({ next, previous }: CaState): CaPhase {
  if (next !== undefined) return "announced";
  return previous.length > 0 ? "switched" : "stable";
}
