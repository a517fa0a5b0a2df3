const longest = 300;

/**
 * A backend's own words for use in an error message: control and format characters escaped (a terminal would obey them),
 * at most 300 characters. Only for text that holds no values, say Vault's `errors`; never for a response body.
 */
export function foreignText(text: string): string {
  const escaped = text.slice(0, longest + 1).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, escapeCharacter);
  return escaped.length > longest ? `${escaped.slice(0, longest)}…` : escaped;
}

function escapeCharacter(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}
