import { ClusterError, type Cluster, type ObjectKey } from "../cluster.ts";
import { adopting } from "../adopting.ts";
import type { SecretObject, SecretWrite } from "../objects.ts";
import { isApiObject, type ApiObject } from "./api-object.ts";
import { wholeSecret } from "./objects.ts";
import { listPath, objectPath, placeOf, secretResource, withQuery } from "./paths.ts";
import type { ApiRequest, Transport } from "./transport.ts";
import type { View, Written } from "./view.ts";

/** {@link Cluster}'s writes of Secrets. */
export function secretWrites(
  transport: Transport,
  view: View<SecretObject>,
): Pick<Cluster, "createSecret" | "updateSecret" | "removeSecret"> {
  const send = async (request: ApiRequest) => objectOf(await transport.request(request), request.name);
  const read = async (key: ObjectKey, signal: AbortSignal) =>
    wholeSecret(await send({ method: "GET", path: pathOf(key), signal, name: nameOf("get", key) }));

  return {
    createSecret: async (secret, fieldManager, signal) => {
      const request = {
        method: "POST",
        path: withQuery(listPath(secretResource, secret.namespace), { fieldManager }),
        body: secretJson(secret),
        values: secret.data.values(),
        name: nameOf("create", secret),
        signal,
      } as const;
      return returned(await view.write(secret, () => send(request)));
    },

    updateSecret: async (secret, resourceVersion, fieldManager, signal) => {
      const isWhole = view.get(secret)?.data !== undefined;
      const desired = isWhole ? secret : adopting(secret, await read(secret, signal));
      const request = {
        method: "PUT",
        path: withQuery(pathOf(secret), { fieldManager }),
        body: secretJson(desired, resourceVersion),
        values: [...secret.data.values()],
        name: nameOf("update", secret),
        signal,
      } as const;
      return returned(await view.write(secret, () => send(request)));
    },

    removeSecret: (key, uid, signal) =>
      view.remove(key, uid, async () => {
        const body = { apiVersion: "v1", kind: "DeleteOptions", preconditions: { uid } };
        const name = nameOf("delete", key);
        const answer = await transport.request({ method: "DELETE", path: pathOf(key), body, signal, name });
        // The object while finalizers hold it, else a Status.
        return isApiObject(answer) ? answer : undefined;
      }),
  };
}

function secretJson(secret: SecretWrite, resourceVersion?: string): object {
  const { namespace, name, labels, annotations, finalizers, ownerReferences } = secret;
  const data = Array.from(secret.data, ([key, value]) => [key, Buffer.from(value).toString("base64")]);
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { namespace, name, resourceVersion, labels, annotations, finalizers, ownerReferences },
    type: secret.type,
    immutable: secret.immutable,
    data: Object.fromEntries(data),
  };
}

/** The Secret with its data, whatever the view holds of it. */
function returned({ object, item }: Written<SecretObject>): SecretObject {
  return item.data === undefined ? wholeSecret(object) : item;
}

function objectOf(answer: unknown, name: string): ApiObject {
  if (isApiObject(answer)) return answer;
  throw new ClusterError("Unavailable", `${name}: the answer is no object`);
}

function pathOf(key: ObjectKey): string {
  return objectPath(secretResource, key);
}

function nameOf(verb: string, key: ObjectKey): string {
  return `${verb} ${placeOf(secretResource, key)}`;
}
