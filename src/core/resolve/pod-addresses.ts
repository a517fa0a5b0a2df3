import { BlockList, isIP } from "node:net";

/** Whether a pod can have an IP address: no loopback, link-local, multicast or unspecified one. */
export type IsPodAddress = (ip: string) => boolean;

/** Makes the check. Whoever can name an address must not make core talk to its own machine. */
export function podAddresses(): IsPodAddress {
  const unreachable = new BlockList();
  for (const [net, prefix] of [
    ["0.0.0.0", 8],
    ["127.0.0.0", 8],
    ["169.254.0.0", 16],
    ["224.0.0.0", 3],
  ] as const) {
    unreachable.addSubnet(net, prefix, "ipv4");
  }
  for (const [net, prefix] of [
    ["::", 127],
    ["fe80::", 10],
    ["ff00::", 8],
  ] as const) {
    unreachable.addSubnet(net, prefix, "ipv6");
  }
  return (ip) => {
    const family = isIP(ip);
    return family !== 0 && !unreachable.check(ip, family === 6 ? "ipv6" : "ipv4");
  };
}
