/** From how many keys on a block is smaller than a Map: an entry of a Map and its bytes take some 200 bytes. */
const packedFrom = 32;

/**
 * `data` of a Secret as the view holds it, from its base64 JSON. One with many keys is held as one text and one block of
 * bytes: a Map of 50,000 small values takes 10 MB, and whoever may make Secrets could fill core's memory with a few.
 */
export function packedData(data: Readonly<Record<string, string>>): ReadonlyMap<string, Uint8Array> {
  const entries = Object.entries(data);
  return entries.length < packedFrom ? new Map(entries.map(decoded)) : new PackedData(entries);
}

/** FieldsV1 of such a Secret, whose `f:data` names each key once more: held as text, and read when it is asked for. */
export function packedFields(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { "f:data": data, ...rest } = fields;
  if (typeof data !== "object" || data === null || Object.keys(data).length < packedFrom) return fields;
  const text = JSON.stringify(data);
  return {
    ...rest,
    get "f:data"() {
      return JSON.parse(text) as unknown;
    },
  };
}

/** One entry of `data`. A copy of its own: Buffer.from takes small ones out of a shared 8 KiB, which one held value would keep. */
export function decoded([key, base64]: readonly [string, string]): readonly [string, Uint8Array] {
  return [key, new Uint8Array(Buffer.from(base64, "base64"))];
}

/** A map that is never changed; what it answers is made when it is asked. */
class PackedData implements ReadonlyMap<string, Uint8Array> {
  readonly size: number;
  /** All keys in order, and where each ends. */
  readonly #keys: string;
  readonly #keyEnds: Uint32Array;
  readonly #values: Uint8Array;
  readonly #valueEnds: Uint32Array;

  constructor(entries: readonly (readonly [string, string])[]) {
    const sorted = entries.toSorted(([a], [b]) => (a < b ? -1 : 1));
    const values = Buffer.alloc(sorted.reduce((sum, [, base64]) => sum + Buffer.byteLength(base64, "base64"), 0));
    this.size = sorted.length;
    this.#keyEnds = new Uint32Array(sorted.length);
    this.#valueEnds = new Uint32Array(sorted.length);
    let keyEnd = 0;
    let valueEnd = 0;
    for (const [index, [key, base64]] of sorted.entries()) {
      keyEnd += key.length;
      valueEnd += values.write(base64, valueEnd, "base64");
      this.#keyEnds[index] = keyEnd;
      this.#valueEnds[index] = valueEnd;
    }
    // Through bytes, or V8 keeps the pieces that the text was joined of. Keys of Secrets are ASCII.
    this.#keys = Buffer.from(sorted.map(([key]) => key).join(""), "latin1").toString("latin1");
    this.#values = new Uint8Array(values.buffer, values.byteOffset, valueEnd);
  }

  get(key: string): Uint8Array | undefined {
    const index = this.#find(key);
    return index === undefined ? undefined : this.#valueAt(index);
  }

  has(key: string): boolean {
    return this.#find(key) !== undefined;
  }

  forEach(visit: (value: Uint8Array, key: string, map: ReadonlyMap<string, Uint8Array>) => void): void {
    for (const [key, value] of this) visit(value, key, this);
  }

  *keys(): Generator<string, undefined> {
    for (let index = 0; index < this.size; index += 1) yield this.#keyAt(index);
  }

  *values(): Generator<Uint8Array, undefined> {
    for (let index = 0; index < this.size; index += 1) yield this.#valueAt(index);
  }

  *entries(): Generator<[string, Uint8Array], undefined> {
    for (let index = 0; index < this.size; index += 1) yield [this.#keyAt(index), this.#valueAt(index)];
  }

  [Symbol.iterator](): Generator<[string, Uint8Array], undefined> {
    return this.entries();
  }

  #keyAt(index: number): string {
    return this.#keys.slice(this.#keyEnds[index - 1] ?? 0, this.#keyEnds[index]);
  }

  #valueAt(index: number): Uint8Array {
    return this.#values.subarray(this.#valueEnds[index - 1] ?? 0, this.#valueEnds[index]);
  }

  #find(key: string): number | undefined {
    let low = 0;
    let high = this.size - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const found = this.#keyAt(middle);
      if (found === key) return middle;
      if (found < key) low = middle + 1;
      else high = middle - 1;
    }
    return undefined;
  }
}
