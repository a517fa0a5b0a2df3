import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What a certificate is checked for. */
export type Purpose = "sslserver" | "sslclient" | "any";

/**
 * What OpenSSL's strictest check says of certificates under a bundle, by their names; all PEM. Throws unless it takes all.
 * @param now when they are to be valid, milliseconds since the epoch
 */
export function opensslVerify(
  ca: string,
  purpose: Purpose,
  certificates: ReadonlyMap<string, string>,
  now = Date.now(),
): readonly string[] {
  const folder = mkdtempSync(join(tmpdir(), "outboard-verify-"));
  try {
    writeFileSync(join(folder, "bundle"), ca);
    const names = [...certificates.keys()];
    for (const [name, pem] of certificates) writeFileSync(join(folder, name), pem);
    const at = String(Math.floor(now / 1_000));
    const check = ["-x509_strict", "-check_ss_sig", "-purpose", purpose, "-attime", at, "-CAfile", "bundle", ...names];
    return execFileSync("openssl", ["verify", ...check], { cwd: folder, encoding: "utf8" })
      .trim()
      .split("\n");
  } finally {
    rmSync(folder, { recursive: true });
  }
}
