import { X509Certificate } from "node:crypto";
import { ProviderError } from "../api/errors.ts";
import type { CAProvider, Context, Store } from "../api/provider.ts";

/** ESO's two fields for the CA of a backend, as a spec has them. */
export interface CaFields {
  /** PEM, or base64 of PEM. */
  readonly caBundle?: string;
  readonly caProvider?: CAProvider;
}

/**
 * The CA certificates that a spec names, PEM; undefined: the public ones. `caBundle` wins. Throws InvalidConfig when what
 * is there holds no certificate.
 */
export async function readCaBundle(
  { caBundle, caProvider }: CaFields,
  credentials: Context,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (caBundle !== undefined && caBundle !== "") return decodeCaBundle(caBundle, "caBundle");
  if (caProvider === undefined) return undefined;
  const { type, ...ref } = caProvider;
  const bytes = await (type === "ConfigMap" ? credentials.configMap(ref, signal) : credentials.secret(ref, signal));
  return decodeCaBundle(new TextDecoder().decode(bytes), `caProvider: ${type} ${JSON.stringify(ref.name)}`);
}

/** What a store's CA fields break of ESO's rules, one sentence each. */
export function caFieldErrors({ caProvider }: CaFields, store: Store): readonly string[] {
  const missing = store.kind === "ClusterSecretStore" && caProvider !== undefined && !caProvider.namespace;
  return missing ? ["caProvider: missing namespace on caProvider secret"] : [];
}

/** PEM from PEM, base64 of PEM, or base64 of that (a Kubernetes `[]byte` in JSON). `field` is for the message. */
export function decodeCaBundle(bundle: string, field: string): string {
  let text = bundle;
  for (let layer = 0; layer < 2 && !text.includes("-----BEGIN "); layer++)
    text = Buffer.from(text, "base64").toString("latin1");
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g);
  if (blocks === null) throw new ProviderError("InvalidConfig", `${field}: holds no certificate in PEM`);
  for (const [index, block] of blocks.entries()) {
    if (!isCertificate(block)) {
      throw new ProviderError("InvalidConfig", `${field}: certificate ${index + 1} of ${blocks.length} cannot be read`);
    }
  }
  return `${blocks.join("\n")}\n`;
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).subject !== undefined;
  } catch {
    return false;
  }
}
