import { isObject } from "../../src/api/structural.ts";
import { badStores } from "./bad-stores.ts";
import { goodStores } from "./good-stores.ts";
import type { BadRow, GoodRow, TableKind, Written } from "./row.ts";
import { wholeStatus } from "./whole-store.ts";
import { wrongTypes } from "./wrong-types.ts";

/** The config kinds, and the key of `spec.provider` whose object is their `spec`. */
const keys: readonly (readonly [kind: TableKind, key: string])[] = [
  ["Fake.provider.external-secrets.io", "fake"],
  ["Vault.provider.external-secrets.io", "vault"],
];

const kinds = keys.map(([kind]) => kind);
const { conditions } = wholeStatus;

/** What stands under a key in a store as the `spec` of a config object; undefined where it is something else. */
function underKey({ spec }: Written, key: string): Written | undefined {
  const provider = isObject(spec) ? spec["provider"] : undefined;
  return isObject(provider) && Object.hasOwn(provider, key) ? { spec: provider[key] } : undefined;
}

/** Config objects with what a store has under its key, and is accepted. */
export const goodConfigKinds: readonly GoodRow[] = [
  ...keys.flatMap(([kind, key]) =>
    goodStores.flatMap((row) => {
      const written = underKey(row.written, key);
      const stored = underKey(row.stored, key);
      return written && stored ? [{ name: row.name, kinds: [kind], written, stored }] : [];
    }),
  ),
  { name: "every field of a status", kinds, written: { status: { conditions } }, stored: { status: { conditions } } },
];

/** The same where it is rejected for that, and for nothing else of the store. */
export const badConfigKinds: readonly BadRow[] = [
  ...keys.flatMap(([kind, key]) => {
    const field = `spec.provider.${key}`;
    return badStores.flatMap(({ name, written: inStore, breaks: all }) => {
      const written = underKey(inStore, key);
      const breaks = all.filter((broken) => /^[. ]/.test(broken.slice(field.length)) && broken.startsWith(field));
      const moved = breaks.map((broken) => `spec${broken.slice(field.length)}`);
      return written && breaks.length > 0 ? [{ name, kinds: [kind], written, breaks: moved }] : [];
    });
  }),
  { name: "nothing at all", kinds, written: {}, breaks: ["spec required"] },
  {
    name: "a condition without its fields",
    kinds,
    written: { status: { conditions: [{}] } },
    breaks: ["status.conditions[0].type required", "status.conditions[0].status required"],
  },
  {
    name: "a time that is none",
    kinds,
    written: { status: { conditions: [{ type: "Ready", status: "True", lastTransitionTime: "now" }] } },
    breaks: ["status.conditions[0].lastTransitionTime format"],
  },
  ...wrongTypes(kinds, "status", { conditions }),
];
