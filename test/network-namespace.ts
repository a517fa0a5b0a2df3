import { execFileSync, spawnSync } from "node:child_process";
import { isIPv6 } from "node:net";
import { test } from "tap";

// For tests that need several hosts, or addresses that are not loopback: a network of their own, as a container has it.

/** Set in the process that is inside. */
const inside = "OUTBOARD_TEST_NETWORK_NAMESPACE";

/** What {@link inNetworkNamespace} takes. */
export interface NetworkNamespace {
  /** The test file, `import.meta.filename`: it is run again, inside. */
  readonly file: string;
  /** IPv4 and IPv6 addresses that are the machine's own there, beside loopback. */
  readonly addresses: readonly string[];
}

/**
 * Runs a file's tests in a network namespace of their own, and with them whatever they start: an API server (give it an
 * `advertiseAddress`), Vault, bundles. Nothing outside can be reached from there. Where the kernel or the rights for it
 * are missing, one skipped test says so.
 */
export async function inNetworkNamespace(
  { file, addresses }: NetworkNamespace,
  tests: () => void | Promise<void>,
): Promise<void> {
  if (process.env[inside] !== undefined) {
    setUp(addresses);
    return tests();
  }
  const unshare = canUnshare();
  const skip = "missing" in unshare && unshare.missing;
  test("in a network namespace of its own", { skip }, async (t) => {
    if ("missing" in unshare) return;
    const [command = "", ...flags] = unshare.command;
    const env = { ...process.env, [inside]: "1" };
    await t.spawn(command, [...flags, process.execPath, ...process.execArgv, file], { env }, "inside");
  });
}

/** How to get into a new namespace, or why there is no way. */
function canUnshare(): { readonly command: readonly string[] } | { readonly missing: string } {
  // Who is not root becomes it in a user namespace, where the kernel allows that.
  const command = process.getuid?.() === 0 ? ["unshare", "-n"] : ["unshare", "-r", "-n"];
  const [program = "", ...flags] = command;
  const { status, stderr, error } = spawnSync(program, [...flags, "ip", "link", "set", "lo", "up"], {
    encoding: "utf8",
  });
  if (status === 0) return { command };
  const why = error?.message ?? stderr.trim();
  return { missing: `${command.join(" ")} and ip (Linux, iproute2; root or user namespaces) do not work here: ${why}` };
}

function setUp(addresses: readonly string[]): void {
  const ip = (...args: string[]) => execFileSync("ip", args);
  ip("link", "set", "lo", "up");
  for (const address of addresses) {
    // Without nodad an IPv6 address cannot be bound at once.
    if (isIPv6(address)) ip("address", "add", `${address}/128`, "dev", "lo", "nodad");
    else ip("address", "add", `${address}/32`, "dev", "lo");
  }
}
