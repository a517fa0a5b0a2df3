import type { ProviderError } from "../api/errors.ts";
import { keyId, type ObjectKey } from "../cluster/cluster.ts";
import type { Outcome } from "../cluster/outcome.ts";
import type { Logger } from "../process/logs.ts";
import type { Authority } from "./authority.ts";
import type { CertificateSecret, CertificateSecretWrite } from "../cluster/certificate-secret.ts";
import type { CertsCluster, LabelledService } from "./cluster.ts";
import { failureOf, foreignness } from "./failure.ts";
import { issueLeaf } from "./issue.ts";
import { decideLeaf, leafKeys, namesHeld, validityOf } from "./leaf-decision.ts";
import type { IssuingCa, LeafDecision, LeafReason, LeafRules } from "./leaf-decision.ts";
import type { IssueLimits } from "./limits.ts";
import type { CertsMetrics, Series } from "./metrics.ts";
import { sharedSecretName } from "../api/server-secret.ts";
import { rotateAnnotation, systemLabel } from "./names.ts";
import { ownersOf } from "./owners.ts";
import type { Propagation } from "./propagation.ts";
import { servicesPerNamespace, type Target } from "./target.ts";
import type { Targets } from "./targets.ts";
import type { Warnings } from "./warnings.ts";

/** What {@link reconcileLeaf} works with. */
export interface LeafDeps {
  readonly cluster: CertsCluster;
  readonly targets: Targets;
  readonly authority: Authority;
  readonly propagation: Propagation;
  readonly limits: IssueLimits;
  readonly warnings: Warnings;
  readonly metrics: CertsMetrics;
  readonly logger: Logger;
  readonly systemNamespace: string;
  readonly rules: LeafRules & { readonly interval: number; readonly lookInterval: number };
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Waited for by leaves as long as there is no CA. */
export const caTopic = "ca";

const leafType = "kubernetes.io/tls";

/** Brings one Secret in order, if its name stands for one that there is to be. */
export async function reconcileLeaf(deps: LeafDeps, key: ObjectKey, signal: AbortSignal): Promise<Outcome> {
  const { targets, metrics, propagation } = deps;
  const { target, excess } = targets.at(key);
  metrics.covers(keyId(key), [...(target === undefined ? [] : seriesOf(target)), ...excess.map(seriesOfService)]);
  for (const service of excess) refuse(deps, service);
  if (target === undefined) {
    propagation.forget(keyId(key));
    return excess.length === 0 ? { result: "done" } : { result: "done", after: deps.rules.interval };
  }
  try {
    return await bringInOrder(deps, target, signal);
  } catch (thrown) {
    return fail(deps, target, failureOf(thrown));
  }
}

async function bringInOrder(deps: LeafDeps, target: Target, signal: AbortSignal): Promise<Outcome> {
  const { cluster, authority, limits, propagation, rules, now } = deps;
  const { key } = target;
  const secret = await cluster.read(key, signal);
  const foreign = secret && foreignness(key, secret, deps.systemNamespace, leafType);
  if (foreign !== undefined) {
    propagation.saw(keyId(key), undefined, now());
    throw foreign;
  }
  let ca = authority.current;
  if (ca === undefined) return { result: "done", waitsFor: [caTopic] };
  let decision = decideLeaf(secret, target, ca, rules, now());
  if (decision.act !== "none") {
    const wait = target.tenant ? limits.takeForTenant(key.namespace) : 0;
    if (wait > 0) return { result: "done", after: wait };
    if (decision.act === "issue") await limits.turn();
    // Another process may have replaced the CA: what the old one signed now would have to be signed again.
    ca = await authority.reread(signal);
    if (ca === undefined) return { result: "done", waitsFor: [caTopic] };
    decision = decideLeaf(secret, target, ca, rules, now());
  }
  if (decision.act === "issue") return issue(deps, { target, secret, ca, reason: decision.reason }, signal);
  if (decision.act === "write" && secret !== undefined) {
    await cluster.patch(beside(target, ca, deps.systemNamespace), secret.resourceVersion, signal);
  }
  propagation.saw(keyId(key), ca.revision, now());
  return inOrder(deps, target, decision);
}

interface Issue {
  readonly target: Target;
  readonly secret: CertificateSecret | undefined;
  readonly ca: IssuingCa;
  readonly reason: LeafReason;
}

async function issue(deps: LeafDeps, { target, secret, ca, reason }: Issue, signal: AbortSignal): Promise<Outcome> {
  const { cluster, metrics, propagation, logger, rules, now } = deps;
  const { key, usage, dnsNames, uris } = target;
  const id = keyId(key);
  const validity = validityOf(ca, rules, now());
  const pair = await issueLeaf({ ca: ca.pair, usage, dnsNames, uris, validity, now: now() });
  const rest = beside(target, ca, deps.systemNamespace);
  const data = new Map(rest.data)
    .set(leafKeys.cert, Buffer.from(pair.certPem, "latin1"))
    .set(leafKeys.key, Buffer.from(pair.keyPem, "latin1"));
  let written: CertificateSecret;
  if (secret === undefined) {
    written = await cluster.create({ ...rest, data }, signal);
    propagation.created(id, ca.revision, now());
  } else {
    const annotations = rotateAnnotation in secret.annotations ? { [rotateAnnotation]: null } : {};
    written = await cluster.patch({ ...rest, annotations, data }, secret.resourceVersion, signal);
    propagation.saw(id, ca.revision, now());
  }
  metrics.rotated(seriesOf(target), reason);
  const decision = decideLeaf(written, target, ca, rules, now());
  logger.info({ secret: key, why: reason, ...(decision.act === "none" && described(decision)) }, "certificate issued");
  announce(deps, target, namesHeld(secret));
  return decision.act === "none" ? inOrder(deps, target, decision) : { result: "again" };
}

/** All but leaf and key. */
function beside(target: Target, ca: IssuingCa, systemNamespace: string): CertificateSecretWrite {
  return {
    key: target.key,
    type: leafType,
    labels: { [systemLabel]: systemNamespace },
    annotations: {},
    ownerReferences: ownersOf(target),
    data: new Map([
      [leafKeys.ca, Buffer.from(ca.bundle, "latin1")],
      ...(target.clients === undefined ? [] : [[leafKeys.clients, Buffer.from(target.clients, "latin1")] as const]),
    ]),
  };
}

function inOrder({ metrics, rules, now }: LeafDeps, target: Target, decision: LeafDecision): Outcome {
  if (decision.act === "issue") return { result: "again" };
  metrics.holds(keyId(target.key), decision.leaf.notAfter);
  // Only Secrets with a fixed name are watched.
  const isWatched = target.usage === "client" || target.key.name === sharedSecretName;
  const look = isWatched ? rules.interval : Math.min(rules.interval, rules.lookInterval);
  const due = decision.act === "none" && decision.at !== undefined ? decision.at - now() : look;
  return { result: "done", after: Math.max(0, Math.min(look, due)) };
}

function fail(deps: LeafDeps, target: Target, error: ProviderError): Outcome {
  // Another process was faster, or somebody edited it: read it again.
  if (error.code === "Conflict") return { result: "again" };
  const { metrics, propagation, warnings, logger, rules } = deps;
  propagation.failed(keyId(target.key));
  metrics.failed(seriesOf(target));
  logger.warn({ secret: target.key, reason: error.message }, "a certificate cannot be kept in order");
  if (error.code === "Unavailable") return { result: "failed", error };
  // Somebody has to mend it, and nobody tells us when.
  for (const service of target.services) warnings.warn(service, "CertificateFailed", error.message);
  return { result: "done", after: Math.min(rules.interval, rules.lookInterval) };
}

function refuse({ metrics, warnings }: LeafDeps, service: LabelledService): void {
  metrics.failed([seriesOfService(service)]);
  const message = `gets no certificate: its namespace has more than ${servicesPerNamespace} labelled Services, and this is not among the oldest`;
  warnings.warn(service, "TooManyServices", message);
}

/** Tells those that have a certificate for the first time: who labels a Service makes a provider of it. */
function announce({ cluster }: LeafDeps, { key, services }: Target, before: ReadonlySet<string>): void {
  for (const service of services) {
    if (before.has(`DNS:${service.name}.${service.namespace}.svc`)) continue;
    const message = `a certificate for ${service.name}.${service.namespace}.svc is in Secret ${key.name}`;
    cluster.event(service, { type: "Normal", reason: "CertificateIssued", message });
  }
}

function described({
  leaf,
}: {
  readonly leaf: { readonly x509: { readonly serialNumber: string }; readonly notAfter: number };
}) {
  return { serial: leaf.x509.serialNumber, notAfter: new Date(leaf.notAfter).toISOString() };
}

function seriesOf({ key, services }: Target): readonly Series[] {
  return services.length === 0 ? [{ namespace: key.namespace, service: key.name }] : services.map(seriesOfService);
}

function seriesOfService({ namespace, name }: LabelledService): Series {
  return { namespace, service: name };
}
