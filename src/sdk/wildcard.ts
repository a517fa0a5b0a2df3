/**
 * Whether `text` as a whole matches `pattern`: `*` any characters, `?` one character, `\` takes the next literally.
 * Linear in memory, at worst text times pattern in time, whatever the pattern.
 */
export function matchesWildcard(text: string, pattern: string): boolean {
  const characters = Array.from(text);
  const parts = parsePattern(pattern);
  let at = 0;
  let part = 0;
  let star = -1;
  let starAt = 0;
  while (at < characters.length) {
    const current = parts[part];
    if (current?.wild === "*") {
      star = part++;
      starAt = at;
    } else if (current !== undefined && (current.wild === "?" || current.character === characters[at])) {
      part++;
      at++;
    } else if (star >= 0) {
      part = star + 1;
      at = ++starAt;
    } else {
      return false;
    }
  }
  return parts.slice(part).every((rest) => rest.wild === "*");
}

interface Part {
  readonly character: string;
  readonly wild: "*" | "?" | undefined;
}

function parsePattern(pattern: string): readonly Part[] {
  const parts: Part[] = [];
  let escaped = false;
  for (const character of pattern) {
    if (!escaped && character === "\\") {
      escaped = true;
      continue;
    }
    parts.push({ character, wild: !escaped && (character === "*" || character === "?") ? character : undefined });
    escaped = false;
  }
  return parts;
}
