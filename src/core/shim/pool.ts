import type { Registry } from "../../process/metrics.ts";
import type { CertificateSource } from "../../wire/certificates.ts";
import type { Endpoint } from "../resolve/endpoint.ts";
import { openConnection, type Connection } from "./connection.ts";
import { registerPoolMetrics } from "./metrics.ts";

/** A connection on loan; whoever holds it gives it back. */
export interface Lease {
  readonly connection: Connection;
  /** Gives it back; the second time does nothing. */
  release(): void;
}

/** Connections to providers: one for each address, server name, trust source and client identity. */
export interface Pool {
  lease(endpoint: Endpoint): Lease;
  /** Hears the server name of each provider that is connected again after a failure. Returns what ends it. */
  onReady(listener: (serverName: string) => void): () => void;
  /** Closes every connection. Calls in flight go on until they end or are cancelled; new ones are Unavailable. */
  close(): void;
}

/** What {@link createPool} takes. */
export interface PoolOptions {
  /** Where the pool's metrics are registered. */
  readonly registry?: Registry;
  /** Milliseconds after which an unused connection is closed. */
  readonly idleAfter?: number;
}

interface Entry {
  readonly connection: Connection;
  readonly peer: string;
  users: number;
  /** When the last user left, by performance.now(). */
  idleSince: number;
  retired: boolean;
}

const defaultIdleAfter = 5 * 60_000;

/** Makes an empty {@link Pool}. */
export function createPool({ registry, idleAfter = defaultIdleAfter }: PoolOptions = {}): Pool {
  const entries = new Map<string, Entry>();
  const identities = new WeakMap<CertificateSource, number>();
  const listeners = new Set<(serverName: string) => void>();
  /** Peers (server name and trust) whose connection was lost or refused and is not back yet. */
  const down = new Set<string>();
  let identitiesSeen = 0;

  function identity(source: CertificateSource): number {
    const known = identities.get(source);
    if (known !== undefined) return known;
    identitiesSeen += 1;
    identities.set(source, identitiesSeen);
    return identitiesSeen;
  }

  function open(endpoint: Endpoint, peer: string): Entry {
    const connection = openConnection(endpoint, {
      up() {
        if (!down.delete(peer)) return;
        for (const listener of listeners) listener(endpoint.serverName);
      },
      down: () => down.add(peer),
    });
    return { connection, peer, users: 0, idleSince: performance.now(), retired: false };
  }

  function drop(key: string, entry: Entry): void {
    entries.delete(key);
    entry.connection.close();
  }

  /** A provider came back at another address: its old channel is closed after its calls. */
  function retire(peer: string): void {
    for (const [key, entry] of entries) {
      if (entry.peer !== peer || entry.connection.state() === "READY") continue;
      entry.retired = true;
      if (entry.users === 0) drop(key, entry);
    }
  }

  const sweep = setInterval(() => {
    const now = performance.now();
    for (const [key, entry] of entries) {
      if (entry.users === 0 && now - entry.idleSince >= idleAfter) drop(key, entry);
    }
  }, idleAfter / 2).unref();

  if (registry !== undefined) {
    registerPoolMetrics(registry, () =>
      [...entries.values()].map(({ connection }) => ({
        target: connection.endpoint.serverName,
        state: connection.state().toLowerCase(),
      })),
    );
  }

  return {
    lease(endpoint) {
      const peer = `${endpoint.serverName} ${endpoint.trust} ${identity(endpoint.certificates)}`;
      const key = `${endpoint.address} ${peer}`;
      let entry = entries.get(key);
      if (entry === undefined) {
        retire(peer);
        entry = open(endpoint, peer);
        entries.set(key, entry);
      }
      const held = entry;
      held.users += 1;
      held.retired = false;
      let released = false;
      return {
        connection: held.connection,
        release() {
          if (released) return;
          released = true;
          held.users -= 1;
          held.idleSince = performance.now();
          if (held.users === 0 && held.retired) drop(key, held);
        },
      };
    },
    onReady(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close() {
      clearInterval(sweep);
      for (const [key, entry] of entries) drop(key, entry);
    },
  };
}
