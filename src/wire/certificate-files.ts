import { certificates, leafOwner, type CertificateSource, type LeafOwner } from "./certificates.ts";
import { MountedFileError, watchMountedFiles, type MountedFiles } from "./mounted-files.ts";

/** Names of the files in a certificate folder, as Kubernetes mounts a Secret of type kubernetes.io/tls. */
const names = ["ca.crt", "tls.crt", "tls.key"] as const;

/** What is said of a pair that is not taken while another is held. */
export const staysInUse = "the pair before it stays in use";

/** Something happened to the certificates of a folder. */
export type CertificateNews =
  /** A pair is in use; `replaced`: instead of another. */
  | { readonly what: "taken"; readonly owner: LeafOwner; readonly replaced: boolean }
  /**
   * What is in the folder is not in use, or what is in use is out of its time: told once for each problem. `owner` is
   * that of the pair in use; undefined: none is, and the first one is awaited.
   */
  | { readonly what: "problem"; readonly problem: string; readonly owner: LeafOwner | undefined }
  /** The problem is gone, and the pair in use is the same as before. */
  | { readonly what: "mended" };

/** What {@link certificateFiles} needs. */
export interface CertificateFilesOptions {
  readonly folder: string;
  /** Milliseconds from one look to the next. */
  readonly interval?: number;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  readonly onNews?: (news: CertificateNews) => void;
}

/** Certificates in files, as they are now. */
export interface CertificateFiles {
  readonly source: CertificateSource;
  /** What is wrong with the files, or awaited, in words; undefined: nothing. */
  readonly problem: () => string | undefined;
  readonly close: () => void;
}

/**
 * The certificates in a folder, followed as the files change: each usable pair is taken within `interval`, and the last
 * good one is kept while there is none. Resolves after the first look.
 */
export async function certificateFiles(options: CertificateFilesOptions): Promise<CertificateFiles> {
  const { folder, interval = 1_000, now = Date.now, onNews = () => undefined } = options;
  const source = certificates();
  let problem: string | undefined;

  /** Takes what was found if it can; what is wrong then. */
  function take(found: MountedFiles): string | undefined {
    if (found instanceof MountedFileError) return refused(found.message);
    const [ca = "", cert = "", key = ""] = found;
    const pair = { ca, cert, key };
    try {
      source.update(pair, now());
    } catch (error) {
      // The check's own words: they name the part and hold nothing of it.
      return refused(`${folder}: ${error instanceof Error ? error.message : "unexpected error"}`);
    }
    const fault = source.fault(now());
    return fault && `${folder}: ${fault}`;
  }

  const refused = (why: string) => (source.current() === undefined ? why : `${why}; ${staysInUse}`);

  const look = (found: MountedFiles) => {
    const before = { problem, pair: source.current() };
    problem = take(found);
    const pair = source.current();
    const taken = pair !== undefined && pair !== before.pair;
    if (taken) onNews({ what: "taken", owner: leafOwner(pair), replaced: before.pair !== undefined });
    if (problem === before.problem) return;
    if (problem !== undefined) onNews({ what: "problem", problem, owner: pair && leafOwner(pair) });
    else if (!taken) onNews({ what: "mended" });
  };
  const close = await watchMountedFiles({ folder, names, interval, look });
  return { source, problem: () => problem, close };
}
