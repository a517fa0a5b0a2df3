import { UsageError } from "./settings.ts";

/** Where to listen. */
export interface ListenAddress {
  /** "::" for all interfaces, IPv4 included. */
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
}

/**
 * An address to listen on in Go's form, ":8080", "127.0.0.1:8080" or "[::1]:8080". Undefined for "0", which turns the
 * listener off, as in controller-runtime. Throws UsageError.
 */
export function parseListenAddress(flag: string, text: string): ListenAddress | undefined {
  if (text === "0") return undefined;
  const [, v6, host = "", port = ""] = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]*)):([0-9]{1,5})$/.exec(text) ?? [];
  if (port === "" || Number(port) > 65_535) {
    throw new UsageError(`${flag} ${JSON.stringify(text)} must be HOST:PORT, say ":8080", or 0 for none`);
  }
  return { host: v6 ?? (host === "" ? "::" : host), port: Number(port) };
}
