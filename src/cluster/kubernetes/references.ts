import { ClusterError, type Cluster } from "../cluster.ts";
import { isApiObject, isRecord, textOf } from "./api-object.ts";
import { keysOf } from "./objects.ts";
import { accountResource, configMapResource, objectPath, placeOf, secretResource, type Resource } from "./paths.ts";
import type { Transport } from "./transport.ts";

/** {@link Cluster}'s reads past the view: what references name. */
export function referenceReads(transport: Transport): Pick<Cluster, "referencedKeys" | "token"> {
  const read = async (resource: Resource, key: Parameters<Cluster["token"]>[0], signal: AbortSignal) => {
    const name = `get ${placeOf(resource, key)}`;
    const answer = await transport.request({ method: "GET", path: objectPath(resource, key), signal, name });
    if (isApiObject(answer)) return answer;
    throw new ClusterError("Unavailable", `${name}: the answer is no object`);
  };
  return {
    referencedKeys: async (kind, key, keys, signal) => {
      const object = await read(kind === "Secret" ? secretResource : configMapResource, key, signal);
      const { uid, resourceVersion } = object.metadata;
      return { uid, resourceVersion, data: keysOf(kind, object, keys) };
    },
    token: async (key, audiences, expirationSeconds, signal) => {
      const name = `request a token of ${placeOf(accountResource, key)}`;
      const spec = { expirationSeconds, ...(audiences.length > 0 && { audiences }) };
      const [{ metadata }, answer] = await Promise.all([
        read(accountResource, key, signal),
        transport.request({
          method: "POST",
          path: objectPath(accountResource, key, "token"),
          body: { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec },
          name,
          signal,
        }),
      ]);
      const { token, expirationTimestamp } = isRecord(answer) && isRecord(answer["status"]) ? answer["status"] : {};
      const expiresAt = Date.parse(textOf(expirationTimestamp));
      if (typeof token !== "string" || Number.isNaN(expiresAt)) {
        throw new ClusterError("Unavailable", `${name}: the answer has no token`);
      }
      const annotations = new Map(Object.entries(metadata.annotations ?? {}));
      return { token, expiresAt, serviceAccountUid: metadata.uid, annotations };
    },
  };
}
