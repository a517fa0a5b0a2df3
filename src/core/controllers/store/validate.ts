import { withinDeadline } from "../../../api/deadline.ts";
import { ProviderError } from "../../../api/errors.ts";
import { storeCapabilities, type Provider, type StoreCapabilities } from "../../../api/provider.ts";
import { isReferent, type ReferencesOf } from "../../credentials/store-references.ts";
import { ResolutionError } from "../../resolve/resolution-error.ts";
import type { CoreStore } from "../../store.ts";
import { withClient, type StoreClients } from "../../store-clients.ts";

/** How far the validation of a store came. */
export type Validation =
  | { readonly result: "valid"; readonly capabilities: StoreCapabilities | undefined }
  /** The provider could not find out (ESO's ValidationResultUnknown with an error): the store counts as ready. */
  | { readonly result: "undetermined"; readonly error: ProviderError }
  /** Its configuration is its callers', so that there is nothing to look at without one. */
  | { readonly result: "deferred" }
  /** `step`: no client could be made, or the client says no. */
  | { readonly result: "invalid"; readonly step: "client" | "validate"; readonly error: ProviderError };

/** Milliseconds that a validation may take. */
const deadline = 30_000;

/**
 * Looks at a store through its provider. A cluster store whose credentials depend on who uses it has nobody to be
 * validated for: it counts as valid without a call, as in ESO. `references` says which paths of a spec refer to Kubernetes.
 */
export function validate(
  store: CoreStore,
  clients: StoreClients,
  references: ReferencesOf,
  parent: AbortSignal,
): Promise<Validation> {
  return withinDeadline(parent, deadline, (signal) => validateWithin(store, clients, references, signal));
}

async function validateWithin(
  store: CoreStore,
  clients: StoreClients,
  references: ReferencesOf,
  signal: AbortSignal,
): Promise<Validation> {
  let step: "client" | "validate" = "client";
  try {
    if (!isReferent(store, references)) {
      const result = await withClient(
        clients,
        { store, callerNamespace: store.namespace, signal },
        {
          run: (client) => {
            step = "validate";
            return client.validate(signal);
          },
          isRefused: (outcome) => typeof outcome === "object" && outcome.undetermined.code === "Unauthenticated",
        },
      );
      if (typeof result === "object") return { result: "undetermined", error: result.undetermined };
    }
    return { result: "valid", capabilities: await capabilitiesOf(clients.providerFor(store), signal) };
  } catch (thrown) {
    return { result: "invalid", step, error: ProviderError.from(thrown) };
  }
}

/**
 * Undefined: they cannot be told now, and for information only: what is known from before stays. That there is no
 * provider for the store at all is another matter.
 */
async function capabilitiesOf(provider: Provider, signal: AbortSignal): Promise<StoreCapabilities | undefined> {
  try {
    return storeCapabilities(await provider.capabilities(signal));
  } catch (thrown) {
    if (thrown instanceof ResolutionError && thrown.reason !== "ProviderUnavailable") throw thrown;
    return undefined;
  }
}
