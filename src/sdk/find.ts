import { ProviderError } from "../api/errors.ts";
import type { Find, SecretMap } from "../api/provider.ts";
import { mapConcurrently } from "./concurrently.ts";
import type { ListRequest } from "./operations.ts";

const width = 8;

/** How {@link findSecrets} reaches the backend. */
export interface FindSources {
  readonly list: (request: ListRequest) => Promise<readonly string[] | undefined>;
  readonly read: (key: string) => Promise<Uint8Array | undefined>;
}

/**
 * ESO's `dataFrom[].find`: every listed secret whose name matches the regular expression (RE2, unanchored), read whole,
 * by name. One that is gone by then is left out. Throws NoSecret when the path does not exist, InvalidConfig for a bad
 * expression.
 */
export async function findSecrets(find: Find, { list, read }: FindSources): Promise<SecretMap> {
  const matches = await nameMatcher(find.name?.regexp);
  const listed = await list({ path: find.path || undefined, tags: find.tags, named: find.name !== undefined });
  if (listed === undefined) throw new ProviderError("NoSecret", "Secret does not exist");
  const names = listed.filter(matches);
  const values = await mapConcurrently(names, width, read);
  const found = names.map((name, index) => [name, values[index]] as const);
  return new Map(found.filter((entry): entry is readonly [string, Uint8Array] => entry[1] !== undefined));
}

async function nameMatcher(regexp: string | undefined): Promise<(name: string) => boolean> {
  if (regexp === undefined || regexp === "") return () => true;
  // Loaded at first use: a provider that is never asked to find does without.
  const { compileRe2 } = await import("../api/re2.ts");
  const compiled = compileRe2(regexp, "find.name.regexp");
  return (name) => compiled.matches(name);
}
