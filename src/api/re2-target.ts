/** Text as it stands, or the number of a group. */
export type TargetPart = string | number;

/** A reference at the start of a text: `$$`, `${name}`, or `$` with the longest name that follows. */
const reference = /^\$(?:\$|\{(?<braced>[\p{L}\p{Nd}_]+)\}|(?<bare>[\p{L}\p{Nd}_]+))/u;

/**
 * A replacement as Go's Regexp.Expand reads it: a name that is all digits (no leading zero) is a group's number, any
 * other a group's name; one that does not exist stands for nothing; a `$` that begins no reference is itself.
 */
export function parseTarget(target: string, names: ReadonlyMap<string, number>): readonly TargetPart[] {
  const parts: TargetPart[] = [];
  let rest = target;
  for (let at = rest.indexOf("$"); at >= 0; at = rest.indexOf("$")) {
    parts.push(rest.slice(0, at));
    rest = rest.slice(at);
    const found = reference.exec(rest);
    const name = found?.groups?.["braced"] ?? found?.groups?.["bare"];
    parts.push(name === undefined ? "$" : groupOf(name, names));
    rest = rest.slice(found?.[0].length ?? 1);
  }
  parts.push(rest);
  return parts;
}

/** The text of parsed parts; `group` answers the text of a group, empty for one that does not exist or did not match. */
export function expand(parts: readonly TargetPart[], group: (number: number) => string): string {
  return parts.map((part) => (typeof part === "string" ? part : group(part))).join("");
}

function groupOf(name: string, names: ReadonlyMap<string, number>): TargetPart {
  if (/^(?:0|[1-9]\d{0,7})$/u.test(name)) return Number(name);
  return names.get(name) ?? "";
}
