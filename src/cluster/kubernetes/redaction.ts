/** Shortest piece of a value that is taken out. */
const shortest = 6;

/**
 * `message` without pieces of `values` (six characters and more, as text or base64): validation and admission webhooks of
 * the API server may quote what was sent.
 */
export function withoutValues(message: string, values: Iterable<Uint8Array>): string {
  const texts = Array.from(values, (value) => Buffer.from(value.buffer, value.byteOffset, value.byteLength)).flatMap(
    (value) => [value.toString(), value.toString("base64")],
  );
  let result = "";
  let hidden = 0;
  for (let at = 0; at < message.length; at++) {
    const piece = message.slice(at, at + shortest);
    if (piece.length === shortest && texts.some((text) => text.includes(piece))) {
      if (hidden <= at) result += "***";
      hidden = at + shortest;
    }
    if (at >= hidden) result += message[at];
  }
  return result;
}
