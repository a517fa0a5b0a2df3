/** Length of the shortest piece of a value that counts as a leak, bytes. */
export const windowBytes = 6;

/** One found piece: in which encoding, and from which byte of the value on. Never the piece itself. */
export interface Leak {
  readonly encoding: string;
  readonly offset: number;
}

/**
 * Searches `output` for every 6-byte window of a value, or of any of several: raw, base64 and base64url (each
 * alignment), hex in both cases, URL-escaped and JSON-escaped.
 */
export function findLeaks(values: Uint8Array | readonly Uint8Array[], output: Uint8Array | string): readonly Leak[] {
  const all = values instanceof Uint8Array ? [values] : values;
  const found = search(all.flatMap(needles), Buffer.from(output));
  return found.map(({ encoding, offset }) => ({ encoding, offset }));
}

/** The needles that are in the haystack. One pass, however many needles: CI looks for hundreds of values in megabytes. */
function search(all: readonly Needle[], haystack: Buffer): readonly Needle[] {
  const byHead = Map.groupBy(all, ({ needle }) => needle.readUIntBE(0, windowBytes));
  const found = new Set<Needle>();
  let head = 0;
  for (const [index, byte] of haystack.entries()) {
    // The last six bytes as one number: what was seventh goes out at the top.
    head = (head % 256 ** (windowBytes - 1)) * 256 + byte;
    const start = index + 1 - windowBytes;
    for (const candidate of byHead.get(head) ?? []) {
      if (start < 0) continue;
      const { needle } = candidate;
      if (haystack.subarray(start, start + needle.length).equals(needle)) found.add(candidate);
    }
  }
  return all.filter((needle) => found.has(needle));
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
