import type { Credential } from "../../api/credential.ts";
import { escapeControl } from "../../api/escape.ts";
import { boundedMessage } from "../../wire/status.ts";

/** Shortest value that is looked for in a text; a shorter one would hide half of any message. */
const shortestValue = 6;

/**
 * A provider's text as conditions and logs may show it: control characters escaped, cut, and without the values that
 * the provider was given, since SDKs like to quote what was refused.
 */
export function presentable(text: string, withheld: readonly Credential[]): string {
  const values = withheld.flatMap(({ keys, token }) => [
    ...[...(keys?.values() ?? [])].map((value) => Buffer.from(value).toString().trim()),
    token?.token ?? "",
  ]);
  const shown = values
    .filter((value) => value.length >= shortestValue)
    .reduce((rest, value) => rest.replaceAll(value, "[hidden]"), text);
  return boundedMessage(escapeControl(shown));
}
