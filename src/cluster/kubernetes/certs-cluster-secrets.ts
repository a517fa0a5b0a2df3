import type { CertificateSecret, CertificateSecretWrite } from "../certificate-secret.ts";
import { ClusterError, type ObjectKey } from "../cluster.ts";
import { isApiObject } from "./api-object.ts";
import { wholeSecret } from "./objects.ts";
import { listPath, objectPath, placeOf, secretResource, withQuery } from "./paths.ts";
import type { ApiRequest, Transport } from "./transport.ts";

/** Reads and writes of single Secrets, with no right to read any other. Reject with ClusterError. */
export interface CertificateSecrets {
  /** A live read; undefined when there is none. Forbidden also where the admission policy lets nobody patch it. */
  read(key: ObjectKey, signal: AbortSignal): Promise<CertificateSecret | undefined>;
  /** AlreadyExists when there is one. */
  create(write: CertificateSecretWrite, signal: AbortSignal): Promise<CertificateSecret>;
  /** Conflict when its resourceVersion is another by now, NotFound when it is gone. */
  patch(write: CertificateSecretWrite, resourceVersion: string, signal: AbortSignal): Promise<CertificateSecret>;
}

const mergePatch = "application/merge-patch+json";

/** @param mayGet whether a Role can name it, and so gives the verb `get` for it */
export function certificateSecrets(
  transport: Pick<Transport, "request">,
  mayGet: (key: ObjectKey) => boolean,
  fieldManager: string,
): CertificateSecrets {
  const send = async (request: Omit<ApiRequest, "name">, verb: string, key: ObjectKey) => {
    const name = `${verb} ${placeOf(secretResource, key)}`;
    const answer = await transport.request({ ...request, name });
    if (isApiObject(answer)) return certificateSecret(key, answer);
    throw new ClusterError("Unavailable", `${name}: the answer is no object`);
  };
  const pathOf = (key: ObjectKey) => withQuery(objectPath(secretResource, key), { fieldManager });

  return {
    read: async (key, signal) => {
      // A patch of nothing answers with the Secret and writes nothing. A Role without names that gave `get` would give
      // every Secret of the namespace; what may be patched, the admission policy says by name.
      const request = mayGet(key)
        ? ({ method: "GET", path: objectPath(secretResource, key) } as const)
        : ({ method: "PATCH", path: pathOf(key), contentType: mergePatch, body: {} } as const);
      try {
        return await send({ ...request, signal }, "read", key);
      } catch (error) {
        if (error instanceof ClusterError && error.reason === "NotFound") return undefined;
        throw error;
      }
    },
    create: (write, signal) => {
      const path = withQuery(listPath(secretResource, write.key.namespace), { fieldManager });
      const body = { apiVersion: "v1", kind: "Secret", ...secretJson(write, write.key) };
      return send({ method: "POST", path, body, values: valuesOf(write), signal }, "create", write.key);
    },
    patch: (write, resourceVersion, signal) => {
      const body = secretJson(write, { resourceVersion });
      const request = { method: "PATCH", path: pathOf(write.key), contentType: mergePatch, body } as const;
      return send({ ...request, values: valuesOf(write), signal }, "patch", write.key);
    },
  };
}

function certificateSecret(key: ObjectKey, object: Parameters<typeof wholeSecret>[0]): CertificateSecret {
  const { metadata, type, data = new Map<string, Uint8Array>() } = wholeSecret(object);
  const { uid, resourceVersion, labels, annotations, ownerReferences } = metadata;
  return { key, uid, resourceVersion, type, labels, annotations, ownerReferences, data };
}

function secretJson({ type, labels, annotations, ownerReferences, data }: CertificateSecretWrite, metadata: object) {
  const base64 = Array.from(data, ([key, value]) => [key, value && Buffer.from(value).toString("base64")]);
  return { metadata: { ...metadata, labels, annotations, ownerReferences }, type, data: Object.fromEntries(base64) };
}

function valuesOf({ data }: CertificateSecretWrite): readonly Uint8Array[] {
  return [...data.values()].filter((value) => value !== null);
}
