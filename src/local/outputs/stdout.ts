import { stringify } from "yaml";
import type { SecretObject } from "../../cluster/objects.ts";
import { secretName } from "./output.ts";
import type { Output } from "./output.ts";

/** Secrets as YAML manifests on a stream, each when it is new or changed: a stream of documents for kubectl apply. */
export function createStdout(stream: { write(text: string): unknown }): Output {
  const shown = new Map<string, string>();
  return {
    write: async (secrets) => {
      for (const secret of secrets) {
        const { resourceVersion } = secret.metadata;
        if (shown.get(secretName(secret)) === resourceVersion) continue;
        shown.set(secretName(secret), resourceVersion);
        stream.write(`---\n${secretManifest(secret)}`);
      }
      return [];
    },
  };
}

/** A Secret as its YAML manifest, without what belongs to the cluster that it lives in. */
export function secretManifest(secret: SecretObject): string {
  const { namespace, name, labels, annotations } = secret.metadata;
  const data = [...(secret.data ?? [])].map(([key, value]) => [key, Buffer.from(value).toString("base64")] as const);
  return stringify({
    apiVersion: "v1",
    kind: "Secret",
    metadata: {
      name,
      namespace,
      labels: new Map(Object.entries(labels)),
      annotations: new Map(Object.entries(annotations)),
    },
    type: secret.type,
    ...(secret.immutable ? { immutable: true } : {}),
    data: new Map(data),
  });
}
