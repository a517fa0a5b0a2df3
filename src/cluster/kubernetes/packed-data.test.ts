import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { test } from "tap";
import { wholeSecret } from "./objects.ts";
import { packedData } from "./packed-data.ts";

const base64 = (bytes: Uint8Array | string) => Buffer.from(bytes).toString("base64");
const bytesOf = (index: number) => Uint8Array.from({ length: index % 7 }, (_, at) => (index + 97 * at) % 256);

/** `data` of so many keys, in no order, some values empty. */
function dataOf(count: number): Readonly<Record<string, string>> {
  const indexes = Array.from({ length: count }, (_, index) => (index * 7_919) % count);
  return Object.fromEntries(indexes.map((index) => [`key.${index}`, base64(bytesOf(index))]));
}

test("data is the same map, whether it has few keys or many", (t) => {
  for (const count of [0, 1, 31, 32, 33, 1_000]) {
    const data = packedData(dataOf(count));
    const expected = new Map<string, Uint8Array>();
    for (let index = 0; index < count; index += 1) expected.set(`key.${index}`, bytesOf(index));
    t.equal(data.size, count);
    t.strictSame(new Map(data), expected, `${count} keys`);
    t.strictSame(new Map(data.entries()), expected);
    t.strictSame(new Set(data.keys()), new Set(expected.keys()));
    t.equal([...data.values()].length, count);
    const asked = [...expected.keys(), "key", "key.", "key.9999", "zzz", ""];
    const answers = (map: ReadonlyMap<string, Uint8Array>) => asked.map((key) => [key, map.has(key), map.get(key)]);
    t.strictSame(answers(data), answers(expected));
    const visited = new Map<string, Uint8Array>();
    data.forEach((value, key) => visited.set(key, value));
    t.strictSame(visited, expected);
  }
  t.end();
});

test("a Secret is held in little more memory than it has bytes, however many keys it has", (t) => {
  const keys = Array.from({ length: 50_000 }, (_, index) => `key-${index}`);
  const object = {
    metadata: {
      name: "large",
      namespace: "team",
      uid: "u",
      resourceVersion: "1",
      creationTimestamp: "",
      managedFields: [
        {
          manager: "externalsecret/app",
          fieldsV1: {
            "f:data": Object.fromEntries(keys.map((key) => [`f:${key}`, {}])),
            "f:metadata": { "f:labels": { "f:team": {} } },
          },
        },
      ],
    },
    data: Object.fromEntries(keys.map((key) => [key, base64(key)])),
  };
  const text = JSON.stringify(object);
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc") as () => void;
  const used = () => {
    gc();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  const before = used();
  const held = Array.from({ length: 10 }, () => wholeSecret(JSON.parse(text) as typeof object));
  const each = (used() - before) / held.length;
  t.ok(each < text.length, `${each} bytes are held of ${text.length}`);
  t.strictSame(held[0]?.metadata.managedFields[0]?.fields, object.metadata.managedFields[0]?.fieldsV1);
  t.end();
});
