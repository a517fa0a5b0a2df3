import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { KeyPair } from "../src/certs/issue.ts";

/** A leaf like ours but for who has signed it: itself. `name` as OpenSSL wants it, `URI:spiffe://a/b`. */
export function selfSigned(usage: "server" | "client", name: string): KeyPair {
  const folder = mkdtempSync(join(tmpdir(), "outboard-self-signed-"));
  const [cert, key] = [join(folder, "tls.crt"), join(folder, "tls.key")];
  const keys = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key];
  const extensions = [
    `subjectAltName=${name}`,
    `extendedKeyUsage=${usage}Auth`,
    "basicConstraints=critical,CA:false",
    "keyUsage=critical,digitalSignature",
  ].flatMap((extension) => ["-addext", extension]);
  const all = ["req", "-x509", ...keys, "-subj", "/CN=self-signed", ...extensions, "-days", "1", "-out", cert];
  execFileSync("openssl", all, { stdio: "ignore" });
  const pair = { certPem: readFileSync(cert, "utf8"), keyPem: readFileSync(key, "utf8") };
  rmSync(folder, { recursive: true });
  return pair;
}
