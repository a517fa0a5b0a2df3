import { isIP } from "node:net";
import { UsageError } from "../../process/settings.ts";
import { addressText, parseAddress, type Address } from "./address.ts";

/** What `--resolve` says: "vault.providers.svc:8080" -> where to dial, "127.0.0.1:8080" or "[::1]:8080". */
export type ResolveTable = ReadonlyMap<string, string>;

/**
 * Parses `--resolve NAME:PORT=ADDRESS`, for names that this machine cannot look up, as curl has it. ADDRESS is an IP
 * address (IPv6 in brackets) and may have a port of its own. Throws UsageError.
 */
export function parseResolve(entries: readonly string[]): ResolveTable {
  return new Map(
    entries.map((entry) => {
      const equals = entry.indexOf("=");
      const name = parseAddress(entry.slice(0, Math.max(equals, 0)));
      const target = name && dialable(entry.slice(equals + 1), name.port);
      if (name !== undefined && target !== undefined) return [addressText(name), target] as const;
      throw new UsageError(
        `--resolve ${JSON.stringify(entry)} must be NAME:PORT=ADDRESS, say vault.providers.svc:8080=127.0.0.1`,
      );
    }),
  );
}

/** IP and port as they are dialled: "127.0.0.1:8080", "[::1]:8080". */
export function dialText(ip: string, port: number): string {
  return isIP(ip) === 6 ? `[${ip}]:${port}` : `${ip}:${port}`;
}

function dialable(text: string, namedPort: Address["port"]): string | undefined {
  const [, v6, v4, own] = /^(?:\[([0-9a-fA-F:.]+)\]|([0-9.]+))(?::([1-9][0-9]{0,4}))?$/.exec(text) ?? [];
  const ip = v6 ?? v4 ?? "";
  const port = Number(own ?? namedPort);
  return isIP(ip) === (v6 === undefined ? 4 : 6) && port <= 65_535 ? dialText(ip, port) : undefined;
}
