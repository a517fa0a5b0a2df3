import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { checkCertificates, type Certificates } from "../wire/certificates.ts";

/** Names of the files in a certificate folder, as Kubernetes mounts a Secret of type kubernetes.io/tls. */
const files = { ca: "ca.crt", cert: "tls.crt", key: "tls.key" } as const;

/** Reads the pair in `folder`. Rejects with an Error that names the file, or what is wrong with the pair. */
export async function readCertificates(folder: string): Promise<Certificates> {
  const read = async (name: string) =>
    readFile(join(folder, name), "utf8").catch((error: NodeJS.ErrnoException) => {
      throw new Error(`${join(folder, name)} cannot be read (${error.code ?? "unknown error"})`, { cause: error });
    });
  const [ca, cert, key] = await Promise.all([read(files.ca), read(files.cert), read(files.key)]);
  try {
    checkCertificates({ ca, cert, key });
  } catch (error) {
    const reason = error instanceof Error ? error.message : "unknown error";
    throw new Error(`the certificate in ${folder} cannot be used: ${reason}`, { cause: error });
  }
  return { ca, cert, key };
}
