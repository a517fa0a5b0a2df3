import type { Registry } from "../../process/metrics.ts";
import type { CertificateSource } from "../../wire/certificates.ts";
import type { Endpoint } from "../resolve/endpoint.ts";
import { systemClock } from "../../cluster/clock.ts";
import { Paced } from "../paced.ts";
import { chooseConnection } from "./balance.ts";
import { openConnection, type Connection } from "./connection.ts";
import { createHealth, type Health } from "./health.ts";
import { registerPoolMetrics } from "./metrics.ts";

/** A connection on loan; whoever holds it gives it back. */
export interface Lease {
  readonly connection: Connection;
  /** Gives it back; the second time does nothing. */
  readonly release: () => void;
}

/** Connections to providers: one for each address, server name, trust source and client identity. */
export interface Pool {
  /**
   * The best connection to one of the endpoint's addresses, those in `tried` excepted; undefined when none is left. The
   * provider's connections to other addresses than the endpoint's get no new user and are closed after their last one.
   */
  lease(endpoint: Endpoint, tried?: ReadonlySet<string>): Lease | undefined;
  /** Hears the server name of each provider that is connected again after a failure. Returns what ends it. */
  onReady(listener: (serverName: string) => void): () => void;
  /**
   * Hears the server name of each provider that another process may answer for now: it could not be connected to, or
   * has an address that is new. Returns what ends it.
   */
  onRestart(listener: (serverName: string) => void): () => void;
  /** Closes every connection. Calls in flight go on until they end or are cancelled; new ones are Unavailable. */
  close(): void;
}

/** What {@link createPool} takes. Times are milliseconds. */
export interface PoolOptions {
  /** Where the pool's metrics are registered. */
  readonly registry?: Registry;
  /** After which time an unused connection is closed. */
  readonly idleAfter?: number;
  /** How often the servers of a provider with several are asked for their health, and how long that may take. */
  readonly health?: { readonly interval: number; readonly timeout: number };
  /** How often at most one server is told to have started again. */
  readonly restartPause?: number;
}

/** The connections of one provider. Those of equal server name, trust and identity can do the same. */
interface Peer {
  readonly name: string;
  readonly entries: Map<string, Entry>;
}

interface Entry {
  readonly connection: Connection;
  readonly health: Health;
  /** Who answers when it is up again may be another process. */
  restarted: boolean;
  users: number;
  lastUse: number;
  /** When the last user left, by performance.now(). */
  idleSince: number;
  /** Its address is no longer the provider's. */
  retired: boolean;
}

const defaultIdleAfter = 5 * 60_000;
const defaultHealth = { interval: 5_000, timeout: 3_000 };
const defaultRestartPause = 30_000;

/** Makes an empty {@link Pool}. */
export function createPool(options: PoolOptions = {}): Pool {
  const { registry, idleAfter = defaultIdleAfter, health: pace = defaultHealth } = options;
  const restartListeners = new Set<(serverName: string) => void>();
  const restarts = new Paced(options.restartPause ?? defaultRestartPause, systemClock(), (serverName) => {
    for (const listener of restartListeners) listener(serverName);
  });
  const peers = new Map<string, Peer>();
  const identities = new WeakMap<CertificateSource, number>();
  const listeners = new Set<(serverName: string) => void>();
  /** Names of peers with a connection that was lost or refused, none of whose connections came up since. */
  const down = new Set<string>();
  let identitiesSeen = 0;
  let uses = 0;

  function identity(source: CertificateSource): number {
    const known = identities.get(source);
    if (known !== undefined) return known;
    identitiesSeen += 1;
    identities.set(source, identitiesSeen);
    return identitiesSeen;
  }

  function peerOf({ serverName, trust, certificates }: Endpoint): Peer {
    const name = `${serverName} ${trust} ${identity(certificates)}`;
    return peers.get(name) ?? { name, entries: new Map<string, Entry>() };
  }

  /** `isNew`: the peer is known, and this address of it was not. */
  function open(endpoint: Endpoint, address: string, { name }: Peer, isNew: boolean): Entry {
    const { serverName } = endpoint;
    const connection = openConnection(endpoint, address, {
      up() {
        health.forget();
        // What failed goes before what only wants another look.
        if (down.delete(name)) for (const listener of listeners) listener(serverName);
        if (entry.restarted) restarts.tell(serverName);
        entry.restarted = false;
      },
      down(how) {
        health.forget();
        down.add(name);
        if (how === "refused") entry.restarted = true;
      },
    });
    const health = createHealth(connection.client, pace.timeout);
    const unused = { users: 0, lastUse: 0, idleSince: performance.now(), retired: false };
    const entry: Entry = { connection, health, restarted: isNew, ...unused };
    return entry;
  }

  function drop(peer: Peer, { connection }: Entry): void {
    peer.entries.delete(connection.address);
    if (peer.entries.size === 0) peers.delete(peer.name);
    connection.close();
  }

  function retire(peer: Peer, addresses: readonly string[]): void {
    for (const [address, entry] of peer.entries) {
      entry.retired = !addresses.includes(address);
      if (entry.retired && entry.users === 0) drop(peer, entry);
    }
  }

  /** A peer's connections that may take calls, each on its way up if there are several to choose from. */
  function listed(endpoint: Endpoint, peer: Peer, isKnown: boolean): readonly Entry[] {
    const entries = endpoint.addresses.map((address) => {
      const entry = peer.entries.get(address) ?? open(endpoint, address, peer, isKnown);
      peer.entries.set(address, entry);
      peers.set(peer.name, peer);
      return entry;
    });
    if (entries.length > 1) {
      for (const { connection, health } of entries) {
        connection.connect();
        if (connection.state() === "READY" && health.serving() === undefined) health.ask();
      }
    }
    return entries;
  }

  function borrow(peer: Peer, entry: Entry): Lease {
    entry.users += 1;
    entry.lastUse = uses += 1;
    let released = false;
    return {
      connection: entry.connection,
      release() {
        if (released) return;
        released = true;
        entry.users -= 1;
        entry.idleSince = performance.now();
        if (entry.users === 0 && entry.retired) drop(peer, entry);
      },
    };
  }

  const all = () => [...peers.values()].flatMap((peer) => [...peer.entries.values()].map((entry) => ({ peer, entry })));

  const sweep = setInterval(() => {
    const now = performance.now();
    for (const { peer, entry } of all()) {
      if (entry.users === 0 && now - entry.idleSince >= idleAfter) drop(peer, entry);
    }
  }, idleAfter / 2).unref();

  const rounds = setInterval(() => {
    for (const { peer, entry } of all()) {
      // Who is alone gets the calls anyway.
      if (peer.entries.size > 1 && !entry.retired && entry.connection.state() === "READY") entry.health.ask();
    }
  }, pace.interval).unref();

  if (registry !== undefined) {
    registerPoolMetrics(registry, () =>
      all().map(({ entry: { connection } }) => ({
        target: connection.endpoint.serverName,
        state: connection.state().toLowerCase(),
      })),
    );
  }

  return {
    lease(endpoint, tried) {
      const peer = peerOf(endpoint);
      const isKnown = peer.entries.size > 0 || down.has(peer.name);
      retire(peer, endpoint.addresses);
      const candidates = listed(endpoint, peer, isKnown)
        .filter(({ connection }) => tried?.has(connection.address) !== true)
        .map((entry) => ({ ...entry, entry, state: entry.connection.state(), serving: entry.health.serving() }));
      const chosen = chooseConnection(candidates);
      return chosen && borrow(peer, chosen.entry);
    },
    onReady(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    onRestart(listener) {
      restartListeners.add(listener);
      return () => restartListeners.delete(listener);
    },
    close() {
      clearInterval(sweep);
      clearInterval(rounds);
      restarts.close();
      for (const { peer, entry } of all()) drop(peer, entry);
    },
  };
}
