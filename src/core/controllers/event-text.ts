import { escapeControl } from "../../api/escape.ts";

/** Longest message of an event (events.k8s.io: note). */
const longest = 1_024;

/** Foreign text as an event may hold it: escaped, and cut where the API would refuse it. */
export function eventText(text: string): string {
  const escaped = escapeControl(text);
  return escaped.length <= longest ? escaped : `${escaped.slice(0, longest - 3)}...`;
}
