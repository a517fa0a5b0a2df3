/** A SecretStore in `default` as a manifest; its name is its provider's key unless `name` says otherwise. */
export function store(key: string, config: unknown, name = key): string {
  return JSON.stringify({
    apiVersion: "external-secrets.io/v1",
    kind: "SecretStore",
    metadata: { name },
    spec: { provider: { [key]: config } },
  });
}

/** The `data` that fake and the scripted provider take. */
export function values(data: Readonly<Record<string, string>>): unknown {
  return { data: Object.entries(data).map(([key, value]) => ({ key, value })) };
}

/** An ExternalSecret in `default` that reads `keys` (key of the Secret -> key of the backend) from one store. */
export function externalSecret(
  name: string,
  storeName: string,
  keys: Readonly<Record<string, string>>,
  refreshInterval = "1h",
): string {
  return JSON.stringify({
    apiVersion: "external-secrets.io/v1",
    kind: "ExternalSecret",
    metadata: { name },
    spec: {
      refreshInterval,
      secretStoreRef: { name: storeName },
      data: Object.entries(keys).map(([secretKey, key]) => ({ secretKey, remoteRef: { key } })),
    },
  });
}

/** Several manifests as one file. */
export function documents(...manifests: readonly string[]): string {
  return manifests.join("\n---\n");
}
