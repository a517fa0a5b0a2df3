import { withDeadline } from "../../../api/deadline.ts";
import { ProviderError } from "../../../api/errors.ts";
import { storeCapabilities, type Provider, type Store, type StoreCapabilities } from "../../../api/provider.ts";
import { isReferent, type ReferenceTable } from "../../credentials/store-references.ts";
import { withClient, type StoreClients } from "../../store-clients.ts";

/** How far the validation of a store came. */
export type Validation =
  | { readonly valid: true; readonly capabilities: StoreCapabilities | undefined }
  /** `step`: nothing serves it, no client could be made, or the client says no. */
  | { readonly valid: false; readonly step: "resolve" | "client" | "validate"; readonly error: ProviderError };

/** Milliseconds that a validation may take. */
const deadline = 30_000;

/**
 * Looks at a store through its provider. A cluster store whose credentials depend on who uses it has nobody to be
 * validated for: it counts as valid without a call, as in ESO. `references` is the table of marked paths.
 */
export async function validate(
  store: Store,
  clients: StoreClients,
  references: ReferenceTable,
  parent: AbortSignal,
): Promise<Validation> {
  const signal = withDeadline(parent, deadline);
  let step: "resolve" | "client" | "validate" = "client";
  try {
    const referent = isReferent(store, references);
    step = "resolve";
    const provider = clients.providerFor(store);
    if (!referent) {
      step = "client";
      const context = clients.credentials.context(store, store.namespace);
      await withClient(provider, { store, context, signal }, (client) => {
        step = "validate";
        return client.validate(signal);
      });
    }
    return { valid: true, capabilities: await capabilitiesOf(provider, signal) };
  } catch (thrown) {
    return { valid: false, step, error: ProviderError.from(thrown) };
  }
}

async function capabilitiesOf(provider: Provider, signal: AbortSignal): Promise<StoreCapabilities | undefined> {
  try {
    return storeCapabilities(await provider.capabilities(signal));
  } catch {
    return undefined; // For information only: what is known from before stays.
  }
}
