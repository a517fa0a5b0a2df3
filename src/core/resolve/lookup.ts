import { lookup } from "node:dns/promises";
import { untilAborted } from "../../api/until-aborted.ts";
import { addressText, type Address } from "./address.ts";
import { podAddresses } from "./pod-addresses.ts";
import { dialText, type ResolveTable } from "./resolve-flag.ts";

/** Finds where to dial an address: "10.0.0.7:8080". Rejects with LookupError, or with Cancelled and DeadlineExceeded. */
export type Lookup = (address: Address, signal: AbortSignal) => Promise<string>;

/** A name that leads nowhere core may go. The message says why and holds no address. */
export class LookupError extends Error {
  override readonly name = "LookupError";
}

/** What {@link createLookup} takes. */
export interface LookupOptions {
  /** Asked first, and trusted: an administrator wrote it. */
  readonly table: ResolveTable;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** IP addresses of a host; those of the machine's resolver by default. */
  readonly addressesOf?: (host: string) => Promise<readonly string[]>;
}

/** How long an answer is used, milliseconds. Within it a Service's new address is not seen. */
const freshFor = 5_000;
const maxEntries = 1_000;

interface Answer {
  readonly until: number;
  readonly ip: Promise<string>;
}

/**
 * Looks names up, shared by all who ask meanwhile. Of several addresses the one in use stays in use while it is among
 * them, so that connections last. Loopback, link-local and other addresses of no pod are refused: whoever can name an
 * address must not make core talk to its own machine.
 */
export function createLookup({ table, now, addressesOf = machineAddresses }: LookupOptions): Lookup {
  const answers = new Map<string, Answer>();
  const inUse = new Map<string, string>();
  const isPodAddress = podAddresses();

  async function ask(host: string): Promise<string> {
    const ips = await addressesOf(host).catch(() => {
      throw new LookupError("its name cannot be looked up");
    });
    const allowed = ips.filter(isPodAddress);
    const held = inUse.get(host);
    const ip = held !== undefined && allowed.includes(held) ? held : allowed[0];
    if (ip === undefined) throw new LookupError("its name leads to no address that a pod can have");
    inUse.set(host, ip);
    return ip;
  }

  function answerFor(host: string): Answer {
    const known = answers.get(host);
    if (known !== undefined && now() < known.until) return known;
    const answer: Answer = { until: now() + freshFor, ip: ask(host) };
    answers.delete(host);
    answers.set(host, answer);
    // A failure is asked again at once: waiting for it is the queue's work.
    answer.ip.catch(() => {
      if (answers.get(host) === answer) answers.delete(host);
    });
    for (const oldest of answers.keys()) {
      if (answers.size <= maxEntries) break;
      answers.delete(oldest);
      inUse.delete(oldest);
    }
    return answer;
  }

  return async (address, signal) => {
    const fixed = table.get(addressText(address));
    if (fixed !== undefined) return fixed;
    return dialText(await untilAborted(answerFor(address.host).ip, signal), address.port);
  };
}

async function machineAddresses(host: string): Promise<readonly string[]> {
  return (await lookup(host, { all: true })).map(({ address }) => address);
}
