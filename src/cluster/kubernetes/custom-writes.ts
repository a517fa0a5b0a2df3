import { ClusterError, type Cluster, type ObjectKey } from "../cluster.ts";
import type { Kind, KubeObject } from "../objects.ts";
import { isApiObject } from "./api-object.ts";
import { objectPath, placeOf, withQuery, type Resource } from "./paths.ts";
import type { ApiRequest, Transport } from "./transport.ts";
import type { View } from "./view.ts";

/** A kind that is watched. */
export interface CustomKind {
  readonly resource: Resource;
  readonly view: View<KubeObject>;
}

/** {@link Cluster}'s writes of custom kinds, in the name of `fieldManager`. `kindOf` throws for one that is not watched. */
export function customWrites(
  transport: Transport,
  kindOf: (kind: Kind) => CustomKind,
  fieldManager: string,
): Pick<Cluster, "updateStatus" | "updateFinalizers"> {
  const write = async ({ view }: CustomKind, key: ObjectKey, request: ApiRequest) => {
    const { item } = await view.write(key, async () => {
      const answer = await transport.request(request);
      if (isApiObject(answer)) return answer;
      throw new ClusterError("Unavailable", `${request.name}: the answer is no object`);
    });
    return item;
  };
  return {
    updateStatus: async (kind, key, resourceVersion, status, signal) => {
      const custom = kindOf(kind);
      const { apiVersion } = custom.resource;
      return write(custom, key, {
        method: "PUT",
        path: withQuery(objectPath(custom.resource, key, "status"), { fieldManager }),
        // The status subresource takes nothing else from it.
        body: { apiVersion, kind: kind.kind, metadata: { ...namedBy(key), resourceVersion }, status },
        name: `update status of ${placeOf(kind, key)}`,
        signal,
      });
    },
    updateFinalizers: async (kind, key, resourceVersion, finalizers, signal) => {
      const custom = kindOf(kind);
      return write(custom, key, {
        // A merge patch, since the view does not hold all that a whole object would have to say.
        method: "PATCH",
        contentType: "application/merge-patch+json",
        path: withQuery(objectPath(custom.resource, key), { fieldManager }),
        body: { metadata: { resourceVersion, finalizers } },
        name: `update finalizers of ${placeOf(kind, key)}`,
        signal,
      });
    },
  };
}

function namedBy({ namespace, name }: ObjectKey): { readonly name: string; readonly namespace?: string } {
  return namespace === "" ? { name } : { namespace, name };
}
