import type { Logger } from "../process/logs.ts";
import { Counter, type Registry } from "../process/metrics.ts";
import type { HandshakeRefusal } from "../wire/handshake-refusal.ts";
import type { RefusedHandshake } from "../wire/tls-listener.ts";

/** From one line to the next for the same reason, milliseconds: a client that is refused tries again each second. */
const pause = 10_000;

interface Line {
  readonly writtenAt: number;
  /** Refused since, without a line. */
  readonly unwritten: number;
}

/**
 * Counts handshakes that came to nothing and logs them, each reason at most once in ten seconds.
 * @param now milliseconds, of any origin
 */
export function refusedHandshakes(
  registry: Registry,
  logger: Logger,
  now: () => number = () => performance.now(),
): (refused: RefusedHandshake) => void {
  const counter = new Counter({
    name: "outboard_provider_handshakes_refused_total",
    help: "TLS handshakes that came to nothing, by reason.",
    labelNames: ["reason"],
    registers: [registry],
  });
  const lines = new Map<HandshakeRefusal, Line>();
  return ({ reason, from }) => {
    counter.inc({ reason });
    const last = lines.get(reason);
    const at = now();
    if (last !== undefined && at - last.writtenAt < pause) {
      lines.set(reason, { ...last, unwritten: last.unwritten + 1 });
      return;
    }
    lines.set(reason, { writtenAt: at, unwritten: 0 });
    const more = last?.unwritten ?? 0;
    const fields = { reason, from, ...(more > 0 && { more }) };
    // Whoever only looks whether the port is open is no news.
    if (reason === "cut-off") logger.debug(fields, "a client left during the TLS handshake");
    else logger.info(fields, "TLS handshake refused");
  };
}
