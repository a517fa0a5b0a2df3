import { escapeControl } from "../api/escape.ts";

const longest = 300;

/**
 * A backend's own words for use in an error message: control and format characters escaped (a terminal would obey them),
 * at most 300 characters. Only for text that holds no values, say Vault's `errors`; never for a response body.
 */
export function foreignText(text: string): string {
  const escaped = escapeControl(text.slice(0, longest + 1));
  return escaped.length > longest ? `${escaped.slice(0, longest)}…` : escaped;
}
