import type { GaugeConfiguration } from "prom-client";
import { Counter, Gauge, type Registry } from "../process/metrics.ts";

/** What one certificate is counted under: a Service, or the Secret's name where there is none. */
export interface Series {
  readonly namespace: string;
  readonly service: string;
}

/** Metrics of the certificate controller. */
export interface CertsMetrics {
  /** The Secret `id` is for `series`; those that it was for and is not any more end. */
  covers(id: string, series: readonly Series[]): void;
  /** It holds a certificate that ends at `notAfter`, milliseconds since the epoch. */
  holds(id: string, notAfter: number): void;
  /** The CA that signs ends at `notAfter`. */
  caHeld(notAfter: number): void;
  rotated(series: readonly Series[], reason: string): void;
  failed(series: readonly Series[]): void;
}

/**
 * Registers {@link CertsMetrics}.
 * @param now milliseconds since the epoch; times that remain are told as of each scrape
 */
export function certsMetrics(registry: Registry, now: () => number): CertsMetrics {
  const registers = [registry];
  const labelNames = ["namespace", "service"];
  const rotations = new Counter({
    name: "eso_provider_certificate_rotation_total",
    help: "Certificates issued, by why",
    labelNames: [...labelNames, "reason"],
    registers,
  });
  const failures = new Counter({
    name: "eso_provider_certificate_rotation_failures_total",
    help: "Times that a Secret could not be brought in order",
    labelNames,
    registers,
  });
  const covered = new Map<string, { readonly series: readonly Series[]; readonly notAfter: number | undefined }>();
  /** Reasons that were counted: a counter's series are removed one by one. */
  const reasons = new Set<string>();
  const remaining = (notAfter: number) => (notAfter - now()) / 1_000;
  let ca: number | undefined;
  const gauge = (config: Omit<GaugeConfiguration<string>, "registers">) => new Gauge({ ...config, registers });
  gauge({
    name: "eso_provider_certificate_expiry_seconds",
    help: "Seconds until a certificate expires",
    labelNames,
    collect() {
      this.reset();
      for (const { series, notAfter } of covered.values()) {
        if (notAfter === undefined) continue;
        for (const { namespace, service } of series) this.set({ namespace, service }, remaining(notAfter));
      }
    },
  });
  gauge({
    name: "eso_ca_certificate_expiry_seconds",
    help: "Seconds until the CA that signs now expires",
    collect() {
      if (ca === undefined) this.remove();
      else this.set(remaining(ca));
    },
  });
  return {
    covers: (id, series) => {
      const before = covered.get(id);
      for (const { namespace, service } of before?.series ?? []) {
        if (series.some((each) => each.namespace === namespace && each.service === service)) continue;
        failures.remove({ namespace, service });
        for (const reason of reasons) rotations.remove({ namespace, service, reason });
      }
      if (series.length === 0) covered.delete(id);
      else covered.set(id, { series, notAfter: before?.notAfter });
    },
    holds: (id, notAfter) => covered.set(id, { series: covered.get(id)?.series ?? [], notAfter }),
    caHeld: (notAfter) => {
      ca = notAfter;
    },
    rotated: (series, reason) => {
      reasons.add(reason);
      for (const { namespace, service } of series) rotations.inc({ namespace, service, reason });
    },
    failed: (series) => {
      for (const { namespace, service } of series) failures.inc({ namespace, service });
    },
  };
}
