import { ProviderError } from "../api/errors.ts";
import { goString } from "./go-json.ts";
import { applyModifier, isModifier, readLiteral } from "./gjson-modifiers.ts";
import { satisfies } from "./gjson-query.ts";
import { parseKey, parseQuery, parseSelectors, splitPipe, type Query, type Selector } from "./gjson-path.ts";
import { arrayValue, objectValue, parseJson, type Member, type RawJson } from "./raw-json.ts";
import { matchesWildcard } from "./wildcard.ts";

/** What one evaluation may still make and look at; a path like `[@this,@this]|[@this,@this]|…` doubles each time. */
interface Budget {
  characters: number;
}

interface Applied {
  readonly value: RawJson | undefined;
  /** Empty, or starting with the dot or pipe that separates it. */
  readonly rest: string;
}

const allowed = 64 * 1024 * 1024;

/**
 * What `path` selects in `value`; undefined: nothing. The syntax of ESO's `property`: GJSON
 * (https://github.com/tidwall/gjson/blob/master/SYNTAX.md) with keys, indices, wildcards, `#`, queries, pipes,
 * multipaths, literals and modifiers, but `@pretty`. Throws InvalidConfig when the path does too much work.
 */
export function selectPath(value: RawJson, path: string): RawJson | undefined {
  return get(value, path, { characters: allowed });
}

function get(value: RawJson | undefined, path: string, budget: Budget): RawJson | undefined {
  spend(budget, path.length + 1);
  const start = path.length > 1 ? applyStart(value, path, budget) : undefined;
  if (start !== undefined)
    return /^[.|]/.test(start.rest) ? get(start.value, start.rest.slice(1), budget) : start.value;
  if (value?.kind !== "object" && value?.kind !== "array") return undefined;
  const [left, right] = splitPipe(path, isModifier);
  const found = walk(value, left, budget);
  return right === undefined ? found : get(found, right, budget);
}

/** What a path starts with that is no key: a modifier, a literal, a multipath, the dots of JSON lines. */
function applyStart(value: RawJson | undefined, path: string, budget: Budget): Applied | undefined {
  switch (path[0]) {
    case "@":
      return charged(
        applyModifier(value, path, (parent, argument) => get(parent, argument, budget)),
        budget,
      );
    case "!":
      return readLiteral(path);
    case "[":
    case "{": {
      const multipath = parseSelectors(path);
      if (multipath === undefined || !/^(?:$|[.|])/.test(multipath.rest)) return undefined;
      const selected = selectMany(value, path.startsWith("{"), multipath.selectors, budget);
      return charged({ value: selected, rest: multipath.rest }, budget);
    }
    case ".":
      // A secret is one document, so it is one line.
      return path[1] === "." && value !== undefined ? { value: arrayValue([value]), rest: path.slice(1) } : undefined;
    default:
      return undefined;
  }
}

function walk(value: RawJson, path: string, budget: Budget): RawJson | undefined {
  spend(budget, path.length + 1);
  if (value.kind === "object") return walkObject(value.members, path, budget);
  return value.kind === "array" ? walkArray(value.items, path, budget) : undefined;
}

function walkObject(members: readonly Member[], path: string, budget: Budget): RawJson | undefined {
  const { name, pattern, wild, rest } = parseKey(path);
  for (const { key, value } of members) {
    if (wild) spend(budget, key.length * pattern.length);
    if (wild ? !matchesWildcard(key, pattern) : key !== name) continue;
    const found = rest === undefined ? value : walk(value, rest, budget);
    if (found !== undefined) return found;
  }
  return undefined;
}

function walkArray(items: readonly RawJson[], path: string, budget: Budget): RawJson | undefined {
  if (path === "#") return { kind: "number", raw: String(items.length) };
  if (path.startsWith("#.")) return charge(arrayValue(selectEach(items, path.slice(2), budget)), budget);
  const query = parseQuery(path);
  if (query !== undefined) return selectByQuery(items, query, budget);
  const [index = "", ...rest] = path.split(".");
  const item = /^\d+$/.test(index) ? items[Number(index)] : undefined;
  return item === undefined || rest.length === 0 ? item : walk(item, rest.join("."), budget);
}

function selectEach(items: readonly RawJson[], path: string, budget: Budget): readonly RawJson[] {
  return items.flatMap((item) => get(item, path, budget) ?? []);
}

function selectByQuery(items: readonly RawJson[], query: Query, budget: Budget): RawJson | undefined {
  const { rest } = query;
  const select = (item: RawJson) => (rest === undefined ? item : get(item, rest, budget));
  if (!query.all) {
    const first = items.find((item) => queryMatches(item, query, budget));
    return first === undefined ? undefined : select(first);
  }
  const matching = items.filter((item) => queryMatches(item, query, budget));
  return charge(arrayValue(matching.flatMap((item) => select(item) ?? [])), budget);
}

function queryMatches(item: RawJson, query: Query, budget: Budget): boolean {
  const nested = item.kind === "object" || item.kind === "array";
  if (!nested && query.path !== "") return false;
  const found = nested ? get(item, query.path, budget) : item;
  if (query.operator.endsWith("%")) spend(budget, (found?.raw.length ?? 0) * (1 + query.value.length));
  return satisfies(found, query);
}

function selectMany(
  value: RawJson | undefined,
  named: boolean,
  selectors: readonly Selector[],
  budget: Budget,
): RawJson {
  const found = selectors.flatMap(({ name, path }) => {
    const selected = get(value, path, budget);
    return selected === undefined ? [] : [{ name, path, selected }];
  });
  if (!named) return arrayValue(found.map(({ selected }) => selected));
  return objectValue(found.map(({ name, path, selected }) => selectedMember(name ?? lastName(path), selected)));
}

function selectedMember(name: string, value: RawJson): Member {
  const quoted = name.startsWith('"') ? parseJson(name) : undefined;
  const key = quoted?.kind === "string" ? quoted.text : name;
  return { key, rawKey: quoted?.raw ?? goString(key), value };
}

function lastName(path: string): string {
  const last = /(?:^|[^\\])[.|]((?:\\[.|]|[^.|])*)$/.exec(path)?.[1] ?? path;
  // oxlint-disable-next-line no-control-regex -- GJSON names nothing that holds them
  return /[[\]{}()#|!\u0000-\u001f]/.test(last) ? "_" : last;
}

function charged(applied: Applied | undefined, budget: Budget): Applied | undefined {
  charge(applied?.value, budget);
  return applied;
}

function charge<T extends RawJson | undefined>(value: T, budget: Budget): T {
  spend(budget, value?.raw.length ?? 0);
  return value;
}

function spend(budget: Budget, characters: number): void {
  budget.characters -= characters;
  if (budget.characters < 0)
    throw new ProviderError("InvalidConfig", "property: this path does too much work on this secret");
}
