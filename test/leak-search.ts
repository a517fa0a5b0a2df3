/** Length of the shortest piece of a value that counts as a leak, bytes. */
export const windowBytes = 6;

/** One found piece: in which encoding, and from which byte of the value on. Never the piece itself. */
export interface Leak {
  readonly encoding: string;
  readonly offset: number;
}

/**
 * Searches `output` for every 6-byte window of `value`: raw, base64 and base64url (each alignment), hex in both cases,
 * URL-escaped and JSON-escaped.
 */
export function findLeaks(value: Uint8Array, output: Uint8Array | string): readonly Leak[] {
  const haystack = typeof output === "string" ? Buffer.from(output) : Buffer.from(output);
  return needles(value)
    .filter(({ needle }) => haystack.includes(needle))
    .map(({ encoding, offset }) => ({ encoding, offset }));
}

interface Needle extends Leak {
  readonly needle: Buffer;
}

function needles(value: Uint8Array): readonly Needle[] {
  const found: Needle[] = [];
  for (let offset = 0; offset + windowBytes <= value.length; offset += 1) {
    const window = Buffer.from(value.subarray(offset, offset + windowBytes));
    for (const [encoding, text] of Object.entries(encodings(window))) {
      found.push({ encoding, offset, needle: typeof text === "string" ? Buffer.from(text) : text });
    }
  }
  return found;
}

/** A window of 6 bytes is 8 whole characters of base64 wherever it starts at a multiple of 3, which one of any 3 neighbours does. */
function encodings(window: Buffer): Record<string, string | Buffer> {
  const percent = [...window].map((byte) => `%${byte.toString(16).padStart(2, "0").toUpperCase()}`).join("");
  const hex = window.toString("hex");
  const text = window.toString("latin1");
  return {
    raw: window,
    base64: window.toString("base64"),
    base64url: window.toString("base64url"),
    hex,
    "hex, upper case": hex.toUpperCase(),
    "URL-escaped, all": percent,
    "URL-escaped, lower case": percent.toLowerCase(),
    "URL-escaped": encodeURIComponent(text),
    "JSON-escaped": JSON.stringify(text).slice(1, -1),
    "UTF-8 of Latin-1": Buffer.from(text, "utf8"),
  };
}
