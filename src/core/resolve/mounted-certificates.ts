import type { Reloads } from "../../process/reloads.ts";
import { certificateFiles } from "../../wire/certificate-files.ts";
import type { ClassCertificates } from "./class-certificates.ts";
import { ResolutionError } from "./resolution-error.ts";

/** Core's own certificates, mounted: for classes that name none. */
export interface MountedCertificates {
  /** Throws ResolutionError CertificateInvalid, naming the file, while there has been no usable pair. */
  current(): ClassCertificates;
  /** Hears when there is a first pair, and when what is wrong is another thing or gone. Returns what ends it. */
  subscribe(listener: () => void): () => void;
  close(): void;
}

/** Follows the certificates in `folder`; looks every `interval` milliseconds, each second by default. */
export async function mountedCertificates(options: {
  readonly folder: string;
  readonly tell: Reloads;
  readonly interval?: number;
}): Promise<MountedCertificates> {
  const { folder, tell, interval } = options;
  const listeners = new Set<() => void>();
  let problem: string | undefined = "nobody has looked yet";
  const files = await certificateFiles({
    folder,
    ...(interval !== undefined && { interval }),
    onNews: (news) => {
      tell(folder, news);
      const before = problem;
      problem = news.what === "problem" ? news.problem : undefined;
      // A pair that takes the place of a good one is nothing that a condition speaks of.
      if (problem === before) return;
      for (const listener of listeners) listener();
    },
  });
  return {
    current: () => {
      const { source } = files;
      if (source.current() === undefined) {
        throw new ResolutionError(
          "CertificateInvalid",
          `it names no certificates, and core's own are awaited: ${problem}; ` +
            "the certificate controller makes Secret eso-provider-client-tls, which core mounts at --tls-dir",
        );
      }
      return { source, ...(problem !== undefined && { problem }) };
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: files.close,
  };
}
