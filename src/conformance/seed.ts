import type { OptOut, Seed } from "./subject.ts";

const text = new TextEncoder();

/** A large value: near what a Kubernetes Secret can hold. */
export const largeValue = text.encode("0123456789abcdef".repeat(65_536 - 64));

/** 64 KiB: 256 of them are more than one Read may carry. */
export const mediumValue = text.encode("medium ".repeat(9_362));

/** A JSON object whose members are of every kind. */
export const jsonText =
  '{"name":"first","count":1234567,"on":true,"none":null,"nested":{"deep":"value","list":[1,2,3]},"a.b":"dotted"}';

/** Numbers that a parser to doubles would change. */
export const numbersText = '{"big":12345678901234567890,"rate":1.50}';

/** Every byte there is. */
export const everyByte = Uint8Array.from({ length: 256 }, (_, index) => index);

/** Values the suite reads, less those that the backend cannot hold. */
export function seedFor(optOuts: ReadonlySet<OptOut>): Seed {
  const seed = new Map<string, Uint8Array>([
    ["conformance-text", text.encode("plain text")],
    ["conformance-unicode", text.encode("čšž 日本語 🔑 \u0000 \u001b[31m")],
    ["conformance-json", text.encode(jsonText)],
    ["conformance-numbers", text.encode(numbersText)],
    ["conformance-large", largeValue],
    ["conformance-medium", mediumValue],
    ["conformance-find-one", text.encode("1")],
    ["conformance-find-two", text.encode("2")],
    ["conformance-find-other", text.encode("3")],
  ]);
  if (!optOuts.has("empty")) seed.set("conformance-empty", new Uint8Array());
  if (!optOuts.has("binary")) seed.set("conformance-binary", everyByte);
  for (let index = 0; index < 64; index += 1) seed.set(`conformance-many-${index}`, text.encode(`value ${index}`));
  return seed;
}
