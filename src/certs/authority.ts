import { ClusterError, type ObjectKey } from "../cluster/cluster.ts";
import type { Outcome } from "../cluster/outcome.ts";
import type { Logger } from "../process/logs.ts";
import { announced, readCaState, repaired, replaced, retired, switched, trustBundle } from "./ca-state.ts";
import type { CaData, CaState } from "./ca-state.ts";
import { caStep, type CaRules, type CaStep, type Reach } from "./ca-step.ts";
import type { Certificate } from "./certificate.ts";
import type { CertificateSecret } from "../cluster/certificate-secret.ts";
import type { CertsCluster } from "./cluster.ts";
import { failureOf, foreignness } from "./failure.ts";
import { createCa, type KeyPair } from "./issue.ts";
import { issuingCa, type IssuingCa } from "./leaf-decision.ts";
import type { CertsMetrics } from "./metrics.ts";
import { rotateAnnotation, systemLabel } from "./names.ts";

/** What {@link Authority} needs. */
export interface AuthorityOptions {
  readonly cluster: Pick<CertsCluster, "read" | "create" | "patch">;
  readonly key: ObjectKey;
  readonly rules: CaRules & { readonly caValidity: number };
  /** How far a state of the CA has reached. */
  readonly reach: (revision: string) => Reach;
  /** The CA that signs, or what peers are to trust, is another. */
  readonly onChange: () => void;
  readonly metrics: CertsMetrics;
  readonly logger: Logger;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Steps tried in one go, those included in which another process was faster. */
const mostSteps = 8;

const caType = "Opaque";

/** The CA: its Secret, brought forward step by step, each by compare and swap after a live read. */
export class Authority {
  readonly #options: AuthorityOptions;
  #held: Held | undefined;
  /** What was trusted last, also when the Secret is gone. */
  #trusted: readonly Certificate[] = [];
  /** Counts what was asked, and which of it is held: an answer that was overtaken is dropped. */
  #asked = 0;
  #adopted = 0;

  constructor(options: AuthorityOptions) {
    this.#options = options;
  }

  /** The CA as last read, while it can sign. */
  get current(): IssuingCa | undefined {
    const issuing = this.#held?.issuing;
    return issuing !== undefined && issuing.certificate.notAfter > this.#options.now() ? issuing : undefined;
  }

  /** The same, read now: another process may have replaced it. Rejects with ProviderError. */
  async reread(signal: AbortSignal): Promise<IssuingCa | undefined> {
    const { cluster, key } = this.#options;
    this.#asked += 1;
    const turn = this.#asked;
    const secret = await cluster.read(key, signal);
    if (turn > this.#adopted) this.#adopt(secret, turn);
    return this.current;
  }

  /** Takes the steps that are due. */
  async reconcile(signal: AbortSignal): Promise<Outcome> {
    const { key, metrics, now, reach, rules, logger } = this.#options;
    const series = [{ namespace: key.namespace, service: key.name }];
    metrics.covers(key.name, series);
    try {
      for (let steps = 0; steps < mostSteps; steps += 1) {
        await this.reread(signal);
        const reached = reach(this.#held?.issuing?.revision ?? "");
        const facts = { state: this.#held?.state, remembered: this.#trusted, reach: reached, rules, now: now() };
        const step = caStep(facts);
        if (step.step === "wait")
          return { result: "done", after: Math.max(0, Math.min(step.at - now(), rules.interval)) };
        if (!(await this.#take(step, signal))) continue;
        logger.info({ secret: key, ...told(step) }, "the CA has changed");
        if ("reason" in step) metrics.rotated(series, step.reason);
      }
      return { result: "again" };
    } catch (thrown) {
      const error = failureOf(thrown);
      metrics.failed(series);
      logger.error({ secret: key, reason: error.message }, "the CA cannot be kept: no certificate is issued");
      return { result: "failed", error };
    }
  }

  /** False: somebody else was faster. */
  async #take(step: Exclude<CaStep, { step: "wait" }>, signal: AbortSignal): Promise<boolean> {
    const { cluster, key } = this.#options;
    const data = await this.#dataOf(step);
    const write = {
      key,
      type: caType,
      labels: { [systemLabel]: key.namespace },
      annotations: "reason" in step && this.#held?.state.requested ? { [rotateAnnotation]: null } : {},
      ownerReferences: [],
      data,
    };
    try {
      const secret = this.#held?.secret;
      const written =
        secret === undefined
          ? await cluster.create({ ...write, data: present(data) }, signal)
          : await cluster.patch(write, secret.resourceVersion, signal);
      // Reads that are under way may not have seen it.
      this.#asked += 1;
      this.#adopt(written, this.#asked);
      return true;
    } catch (error) {
      if (error instanceof ClusterError && overtaken.has(error.reason)) return false;
      throw error;
    }
  }

  async #dataOf(step: Exclude<CaStep, { step: "wait" }>): Promise<CaData> {
    const now = this.#options.now();
    if (step.step === "replace") return replaced(await this.#make(now), step.previous, now);
    if (step.step === "announce") return announced(await this.#make(now), now);
    if (step.step === "switch") return switched(step.next, step.previous, now);
    return step.step === "retire" ? retired(now) : repaired(step.phase, now);
  }

  async #make(now: number): Promise<KeyPair> {
    // Names differ, so that what looks an issuer up by name finds one.
    const commonName = `outboard providers ${new Date(now).toISOString()}`;
    return createCa({ commonName, validity: this.#options.rules.caValidity, now });
  }

  #adopt(secret: CertificateSecret | undefined, turn: number): void {
    const { key, metrics, onChange } = this.#options;
    this.#adopted = turn;
    if (secret !== undefined && secret.resourceVersion === this.#held?.secret.resourceVersion) return;
    const before = this.#held?.issuing?.revision;
    this.#held = secret && readHeld(key, secret);
    if (this.#held === undefined) return;
    const { state, issuing } = this.#held;
    this.#trusted = [...(issuing === undefined ? [] : [issuing.certificate]), ...state.previous];
    if (issuing === undefined) return;
    metrics.caHeld(issuing.certificate.notAfter);
    if (issuing.revision !== before) onChange();
  }
}

/** The Secret as last read, and what it says. */
interface Held {
  readonly secret: CertificateSecret;
  readonly state: CaState;
  /** Undefined: there is none that can sign. It may have expired. */
  readonly issuing: IssuingCa | undefined;
}

/** Throws ProviderError when the Secret is not ours. */
function readHeld(key: ObjectKey, secret: CertificateSecret): Held {
  const foreign = foreignness(key, secret, key.namespace, caType);
  if (foreign !== undefined) throw foreign;
  const state = readCaState(secret);
  return { secret, state, issuing: state.ca && issuingCa(state.ca, trustBundle(state)) };
}

const overtaken: ReadonlySet<string> = new Set(["AlreadyExists", "Conflict", "NotFound"]);

function present(data: CaData): CaData {
  return new Map([...data].filter(([, value]) => value !== null));
}

function told(step: CaStep): { readonly step: string; readonly why?: string } {
  return { step: step.step, ...("reason" in step && { why: step.reason }) };
}
