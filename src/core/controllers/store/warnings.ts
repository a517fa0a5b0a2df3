import { opensApiServer } from "../../../api/audiences.ts";
import type { EventRecord } from "../../../cluster/cluster.ts";
import { storeReferences, type ReferencesOf } from "../../credentials/store-references.ts";
import { maintenance } from "../../gen/maintenance.ts";
import type { StoreObject } from "../../kinds.ts";
import type { CoreStore } from "../../store.ts";
import { inlineKey } from "../../resolve/inline-key.ts";

/** ESO's annotation that silences what is said about maintenance; any value does. */
const silence = "external-secrets.io/ignore-maintenance-checks";

/** ESO's words. */
const ofMaintenance = {
  NotMaintained: {
    type: "Warning",
    reason: "StoreUnmaintained",
    message: "store isn't currently maintained. Please plan and prepare accordingly.",
  },
  Deprecated: {
    type: "Warning",
    reason: "StoreDeprecated",
    message: "store is deprecated and will be removed on the next minor release. Please plan and prepare accordingly.",
  },
} as const;

/** What there is to say of a store that works. `references` says which paths of a spec refer to Kubernetes. */
export function storeWarnings(object: StoreObject, store: CoreStore, references: ReferencesOf): readonly EventRecord[] {
  const status = maintenance.get(inlineKey(store));
  const told =
    status === undefined || Object.hasOwn(object.metadata.annotations, silence) ? [] : [ofMaintenance[status]];
  const opening = storeReferences(store, references).filter(opensApiServer);
  return [...told, ...opening.map(({ pointer }) => apiServerToken(pointer))];
}

function apiServerToken(pointer: string): EventRecord {
  return {
    type: "Warning",
    reason: "APIServerToken",
    message:
      `${pointer} names no audiences, so the provider gets tokens that open the Kubernetes API; ` +
      "set audiences that the backend accepts",
  };
}
