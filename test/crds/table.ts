import { badExternalSecrets } from "./bad-external-secrets.ts";
import { badStores } from "./bad-stores.ts";
import { goodExternalSecrets } from "./good-external-secrets.ts";
import { goodStores } from "./good-stores.ts";
import { badProviderClasses, goodProviderClasses } from "./provider-classes.ts";
import type { BadRow, GoodRow } from "./row.ts";

/** Manifests that the API server accepts; those of ESO's kinds it accepts under ESO's CRDs. */
export const goodRows: readonly GoodRow[] = [...goodExternalSecrets, ...goodStores, ...goodProviderClasses];

/** Manifests that it rejects; those of ESO's kinds, `runtimeRef` aside, it rejects under ESO's CRDs. */
export const badRows: readonly BadRow[] = [...badExternalSecrets, ...badStores, ...badProviderClasses];
