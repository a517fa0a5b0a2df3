const token = /"[^"\\]*(?:\\.[^"\\]*)*"|[[\]{}:,]|[^\s[\]{}:,"]+/gs;

/** Whether `text` is JSON. */
export function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * The fields of an object or the items of a list (named "0", "1", ...), each with its JSON text exactly as it stands:
 * numbers keep their digits and objects their white space, as Go's json.RawMessage. `text` must be JSON; a scalar has
 * none. The last of two equal names counts.
 */
export function children(text: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  let depth = 0;
  let name: string | undefined;
  let start = -1;
  for (const { 0: part, index } of text.matchAll(token)) {
    const opens = part === "{" || part === "[";
    const closes = part === "}" || part === "]";
    if (depth === 1 && part === ":") {
      name = JSON.parse(text.slice(start, index));
      start = -1;
    } else if (depth === 1 && (part === "," || closes)) {
      if (start >= 0) found.set(name ?? String(found.size), text.slice(start, index).trimEnd());
      name = undefined;
      start = -1;
    } else if (depth === 1 && start < 0) start = index;
    if (opens) depth += 1;
    if (closes) depth -= 1;
  }
  return found;
}

/** JSON text as the value of a secret: strings without quotes, null empty, everything else as it stands. */
export function plain(text: string): string {
  if (text.startsWith('"')) return JSON.parse(text);
  return text === "null" ? "" : text;
}
