/** Shortest piece of a value that is taken out. */
const shortest = 6;

/**
 * `message` without pieces of `values` (six characters and more, as text or base64): validation and admission webhooks of
 * the API server may quote what was sent.
 */
export function withoutValues(message: string, values: Iterable<Uint8Array>): string {
  const quoted = sharedPieces(message, values);
  let result = "";
  let hidden = 0;
  for (let at = 0; at < message.length; at++) {
    const piece = message.slice(at, at + shortest);
    if (quoted.has(piece)) {
      if (hidden <= at) result += "***";
      hidden = at + shortest;
    }
    if (at >= hidden) result += message[at];
  }
  return result;
}

/** Pieces of `message` that are in a value. One pass over the values, of which there may be a mebibyte. */
function sharedPieces(message: string, values: Iterable<Uint8Array>): ReadonlySet<string> {
  const asked = new Set<string>();
  forEachPiece(message, (piece) => asked.add(piece));
  const shared = new Set<string>();
  const note = (piece: string) => {
    if (asked.has(piece)) shared.add(piece);
  };
  for (const value of values) {
    const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    forEachPiece(bytes.toString(), note);
    forEachPiece(bytes.toString("base64"), note);
  }
  return shared;
}

function forEachPiece(text: string, see: (piece: string) => void): void {
  for (let at = 0; at + shortest <= text.length; at++) see(text.slice(at, at + shortest));
}
