import type { Logger } from "../process/logs.ts";
import type { Registry } from "../process/metrics.ts";
import { reloads } from "../process/reloads.ts";
import { certificateFiles } from "../wire/certificate-files.ts";
import { leafOwner, type CertificateSource } from "../wire/certificates.ts";
import type { AllowedClient } from "./allow-client.ts";
import { allowedClients } from "./allowed-clients.ts";

/** What {@link followMounted} follows. */
export interface MountedOptions {
  /** Value of --tls-dir. */
  readonly tlsDir: string;
  /** Those of --allow-client. */
  readonly allowClients: readonly AllowedClient[];
  /** Value of --allow-client-file. */
  readonly allowClientFile: string | undefined;
}

/** What a provider has mounted, as it is now. */
export interface Mounted {
  readonly certificates: CertificateSource;
  readonly allowClients: () => readonly AllowedClient[];
  /** What is not there yet, in words. */
  awaited(): readonly string[];
}

/** Follows certificates and list of clients until the process ends. */
export async function followMounted(
  { tlsDir, allowClients, allowClientFile }: MountedOptions,
  registry: Registry,
  logger: Logger,
): Promise<Mounted> {
  const tell = reloads(registry, logger);
  const files = await certificateFiles({ folder: tlsDir, onNews: (news) => tell(tlsDir, news) });
  const { source } = files;
  const owner = () => {
    const pair = source.current();
    return pair === undefined ? { namespace: "", service: "" } : leafOwner(pair);
  };
  const clients = await allowedClients({
    flags: allowClients,
    file: allowClientFile,
    onNews: (from, { problem, held }) => {
      if (problem === undefined) logger.info({ from }, "the list of clients was read");
      else tell(from, { what: "problem", problem, owner: held ? owner() : undefined });
    },
  });
  const awaited = () => {
    const pair = source.current() === undefined ? files.problem() : undefined;
    const list = clients.awaited();
    return [
      ...(pair === undefined ? [] : [`a certificate that can be used: ${pair}`]),
      ...(list === undefined ? [] : [`a list of clients that can be used: ${list}`]),
    ];
  };
  return { certificates: source, allowClients: clients.current, awaited };
}
