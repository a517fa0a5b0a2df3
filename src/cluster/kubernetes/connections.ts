import { Pool, ProxyAgent, type Dispatcher } from "undici";
import type { Identity } from "./identity.ts";
import type { TlsMaterial } from "./credentials.ts";

/** The connections to one API server. */
export interface Connections {
  /** The pool that speaks with this TLS; made again when certificates rotate, the old one ends with its last request. */
  pool(tls: TlsMaterial): Dispatcher;
  /** Ends them all, whatever is still asked. */
  close(): Promise<void>;
}

/** Below the 90 s after which the API server closes an idle connection, so that no request meets its end; milliseconds. */
const keepAliveTimeout = 60_000;

/** Throws when the address cannot be used. */
export function createConnections({ cluster }: Identity): Connections {
  const { server, proxyUrl } = cluster;
  const url = URL.parse(server);
  if (url === null) throw new Error(`cluster ${cluster.name}: server is not a URL`);
  if (url.protocol !== "https:" && !isLoopback(url)) {
    throw new Error(`cluster ${cluster.name}: server must be https://; a credential would travel in the clear`);
  }
  if (proxyUrl && !/^https?:/.test(proxyUrl)) {
    throw new Error(`cluster ${cluster.name}: proxy-url must be http:// or https://`);
  }
  let current: { readonly tls: TlsMaterial; readonly pool: Dispatcher } | undefined;
  const pools = new Set<Dispatcher>();

  const open = (tls: TlsMaterial) => {
    // One connection for each request in flight: HTTP/2 would put all on one, for half the throughput.
    const options = { allowH2: false, keepAliveTimeout, headersTimeout: 0, bodyTimeout: 0 };
    const pool = proxyUrl
      ? new ProxyAgent({ ...options, uri: proxyUrl, requestTls: { ...tls } })
      : new Pool(url.origin, { ...options, connect: { ...tls, keepAlive: true, keepAliveInitialDelay: 30_000 } });
    pools.add(pool);
    return pool;
  };
  return {
    pool: (tls) => {
      if (current?.tls === tls) return current.pool;
      const old = current?.pool;
      current = { tls, pool: open(tls) };
      // Rejects when all is closed before its last request is over.
      void old?.close().then(
        () => pools.delete(old),
        () => undefined,
      );
      return current.pool;
    },
    close: async () => {
      await Promise.all([...pools].map((pool) => pool.destroy()));
    },
  };
}

function isLoopback({ hostname }: URL): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d+){3}$/.test(hostname);
}
