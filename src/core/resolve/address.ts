/** A class's address, parsed: nothing else of it is used. */
export interface Address {
  /** A DNS name in lower case; never an IP address. */
  readonly host: string;
  readonly port: number;
}

/** The Service that a host names. */
export interface ServiceName {
  readonly name: string;
  readonly namespace: string;
}

const label = "[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?";
const hostAndPort = new RegExp(`^(${label}(?:\\.${label})*):([1-9][0-9]{0,4})$`);
const service = new RegExp(`^(${label})\\.(${label})\\.svc(?:\\.cluster\\.local)?$`);

/** HOST:PORT as RFC 1123 and TCP have them; undefined for anything else, IP addresses and URLs included. */
export function parseAddress(text: string): Address | undefined {
  const [, host = "", port = ""] = hostAndPort.exec(text) ?? [];
  // A name's last label is never a number, so that no name can be taken for an IPv4 address (RFC 1123, 2.1; inet_aton
  // takes hexadecimal ones too).
  const isNumber = /(?:^|\.)(?:[0-9]+|0x[0-9a-f]*)$/.test(host);
  if (host === "" || host.length > 253 || isNumber || Number(port) > 65_535) return undefined;
  return { host, port: Number(port) };
}

/** "vault.providers.svc" -> that Service; undefined: the host is no Service's name in the cluster. */
export function serviceOf(host: string): ServiceName | undefined {
  const [, name, namespace] = service.exec(host) ?? [];
  return name === undefined || namespace === undefined ? undefined : { name, namespace };
}

/** The text of an address. */
export function addressText({ host, port }: Address): string {
  return `${host}:${port}`;
}
