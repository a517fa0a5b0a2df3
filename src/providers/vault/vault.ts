import { ProviderError } from "../../api/errors.ts";
import { caFieldErrors } from "../../sdk/ca-bundle.ts";
import { defineProvider } from "../../sdk/define-provider.ts";
import { goJson } from "../../sdk/go-json.ts";
import { textObject } from "../../sdk/raw-json.ts";
import { connect, oneOfTls, type VaultConnection } from "./connection.ts";
import { removeSecret, writeSecret } from "./kv-write.ts";
import { listSecrets, readMetadata, readSecret } from "./kv.ts";
import { noJwt, noRoleId } from "./logins.ts";
import { spec, type VaultSpec } from "./spec.ts";

const encoder = new TextEncoder();

/** HashiCorp Vault's KV secrets engine, versions 1 and 2 (https://developer.hashicorp.com/vault/api-docs/secret/kv). */
export const provider = defineProvider<typeof spec, VaultConnection>({
  name: "vault",
  spec,
  connect,
  read: async (connection, { key, version }, signal) => {
    const secret = await readSecret(connection, key, version, signal);
    return secret && encoder.encode(goJson(secret));
  },
  readMetadata: async (connection, { key }, signal) => {
    if (connection.spec.version === "v1") {
      throw new ProviderError("Unsupported", "cannot perform metadata fetch operations with kv version v1");
    }
    const metadata = await readMetadata(connection, key, signal);
    if (metadata === undefined) return undefined;
    return encoder.encode(goJson(textObject([...metadata.system, ...metadata.custom])));
  },
  list: listSecrets,
  write: writeSecret,
  remove: removeSecret,
  exists: async (connection, key, signal) => (await readSecret(connection, key, undefined, signal)) !== undefined,
  validate: async ({ auth }, signal) => {
    if (await auth.isValid(await auth.token(signal), signal)) return;
    throw new ProviderError("Unauthenticated", "invalid vault credentials: Vault does not know the token");
  },
  close: (connection) => connection.close(),
  check: (vault, store) => [...caFieldErrors(vault, store), ...fieldErrors(vault)],
});

function fieldErrors({ auth, tls, checkAndSet, version }: VaultSpec): readonly string[] {
  const { appRole, jwt } = auth ?? {};
  const errors: string[] = [];
  if (appRole !== undefined && !appRole.roleId && appRole.roleRef === undefined) errors.push(noRoleId);
  if (jwt !== undefined && jwt.secretRef === undefined && jwt.kubernetesServiceAccountToken === undefined) {
    errors.push(noJwt);
  }
  if ((tls?.certSecretRef === undefined) !== (tls?.keySecretRef === undefined)) errors.push(oneOfTls);
  if (checkAndSet?.required === true && version === "v1") {
    errors.push("checkAndSet is not supported with Vault KV version v1");
  }
  return errors;
}
