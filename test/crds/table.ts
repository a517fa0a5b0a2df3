import { badExternalSecrets, hugeExternalSecrets } from "./bad-external-secrets.ts";
import { badStores } from "./bad-stores.ts";
import { badConfigKinds, goodConfigKinds } from "./config-kinds.ts";
import { goodExternalSecrets } from "./good-external-secrets.ts";
import { goodStores } from "./good-stores.ts";
import { badProviderClasses, goodProviderClasses } from "./provider-classes.ts";
import { badProviderRefs, goodProviderRefs } from "./provider-refs.ts";
import { badProviders, goodProviders } from "./providers.ts";
import { badStoreRefs, goodStoreRefs } from "./store-refs.ts";
import type { BadRow, GoodRow } from "./row.ts";

/** Manifests that the API server accepts; ExternalSecrets and stores as they are ESO's it accepts under ESO's CRDs. */
export const goodRows: readonly GoodRow[] = [
  ...goodExternalSecrets,
  ...goodStoreRefs,
  ...goodStores,
  ...goodProviderRefs,
  ...goodProviderClasses,
  ...goodProviders,
  ...goodConfigKinds,
];

/** Manifests that it rejects; those of ESO's kinds, `runtimeRef` aside, it rejects under ESO's CRDs. */
export const badRows: readonly BadRow[] = [
  ...badExternalSecrets,
  ...badStoreRefs,
  ...badStores,
  ...badProviderRefs,
  ...badProviderClasses,
  ...badProviders,
  ...badConfigKinds,
  ...hugeExternalSecrets,
];
