import { rmSync } from "node:fs";
import { mkdir, mkdtemp, realpath, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createCa, issueLeaf } from "../certs/issue.ts";
import type { Certificates } from "../wire/certificates.ts";

/** The identity that core proves to each child, and the only one that a child lets in. */
export const coreIdentity = "spiffe://outboard.local/ns/outboard-local/sa/core";

/** No rotation in local mode: a run is expected to be over by then. */
const validity = 365 * 86_400_000;

/** Keys and certificates of one run. The CA's key and core's own never touch the disk. */
export interface RunKeys {
  /** What core proves itself with, and the CA that it trusts. */
  readonly core: Certificates;
  /** The folder (0700) with ca.crt, tls.crt and tls.key (0600) of a provider's server; made at the first call. */
  provider(name: string): Promise<string>;
  /** Removes every file. Synchronous, so that it also works while the process exits. */
  remove(): void;
}

/** DNS name that the child of a provider proves to be. */
export function serverName(provider: string): string {
  return `${provider}.outboard-local.svc`;
}

/** Makes the CA and core's certificate of a run. `parent` is where its folder is made, the system's temporary one by default. */
export async function createRunKeys(now: number, parent: string = tmpdir()): Promise<RunKeys> {
  const ca = await createCa({ commonName: "Outboard local mode", validity, now });
  const client = await issueLeaf({ ca, usage: "client", uris: [coreIdentity], validity, now });
  // mkdtemp makes it 0700 under a name that nobody could foresee. Real path: the permission model compares texts.
  const folder = await realpath(await mkdtemp(join(parent, "outboard-")));
  const folders = new Map<string, Promise<string>>();
  const issue = async (name: string): Promise<string> => {
    const leaf = await issueLeaf({ ca, usage: "server", dnsNames: [serverName(name)], validity, now });
    const own = join(folder, name);
    await mkdir(own, { mode: 0o700 });
    const files = { "ca.crt": ca.certPem, "tls.crt": leaf.certPem, "tls.key": leaf.keyPem };
    for (const [file, text] of Object.entries(files)) {
      await writeFile(join(own, file), text, { mode: 0o600, flag: "wx" });
    }
    return own;
  };
  return {
    core: { ca: ca.certPem, cert: client.certPem, key: client.keyPem },
    provider: (name) => {
      const made = folders.get(name) ?? issue(name);
      folders.set(name, made);
      return made;
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
