import { ProviderError } from "../../api/errors.ts";
import { children, isJson, plain } from "./json-text.ts";

/** What gjson's paths have beyond names and indices: wildcards and pipes anywhere, the others at the start of a name. */
const operator = /^[#@!{[]|[*?|]/;

/**
 * What a property path finds in a JSON value: names and list indices with dots between them, `\` before a dot that
 * belongs to a name. Undefined: nothing, or the value is not JSON. Throws ProviderError Unsupported for the rest of
 * gjson's path syntax (https://github.com/tidwall/gjson/blob/master/SYNTAX.md).
 */
export function property(value: string, path: string): string | undefined {
  const names = namesOf(path);
  if (!isJson(value)) return undefined;
  let found: string | undefined = value.trim();
  for (const name of names) found = found === undefined ? undefined : children(found).get(name);
  return found === undefined ? undefined : plain(found);
}

function namesOf(path: string): readonly string[] {
  return path.split(/(?<!\\)\./).map((name) => {
    if (operator.test(name.replaceAll(/\\./g, "_"))) {
      throw new ProviderError("Unsupported", `property ${JSON.stringify(path)}: fake has names and list indices only`);
    }
    return name.replaceAll(/\\(.)/g, "$1");
  });
}
