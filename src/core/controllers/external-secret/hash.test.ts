import { test } from "tap";
import { dataOf, externalSecret } from "../../../../test/external-secret-object.ts";
import { dataHash, metadataHash, textHash } from "./hash.ts";
import { ownerHash } from "./names.ts";
import { resourceVersionOf } from "./refresh.ts";

test("hashes are ESO's", (t) => {
  const table: readonly (readonly [what: string, hash: string, expected: string])[] = [
    ["text", textHash("hello there"), "f78681ec611ebaeea0689bff6c7812a83ff98a7faba986d9af76c999"],
    [
      "data",
      dataHash(dataOf({ foo: "value1", bar: "value2" })),
      "1bed8bcbcb4547ffe19a19cd47d9078e84aa6598266d86b99f992d64",
    ],
    ["no data", dataHash(new Map()), "74a974446e359fb3e6baff9bd0058950e6edd0f040888d9989b0a11b"],
    [
      "no metadata",
      metadataHash({ labels: {}, annotations: {} }),
      "f47fe3c0b255b6dd8047cdffa772587bb829efe7a1cb70febeda2eb2",
    ],
    [
      "annotations",
      metadataHash({ labels: {}, annotations: { foo: "bar" } }),
      "69a7d6c99695c5308a8074c7eff995659652f98af7b21de0719c1446",
    ],
    ["owner", ownerHash("default", "test-es"), "a8e09351ea392b727f69f63683b28619fbed1174f572e728706a9ea8"],
    ["an empty value", dataHash(dataOf({ key: "" })), textHash("map[key:[]]")],
  ];
  for (const [what, hash, expected] of table) t.equal(hash, expected, what);
  t.equal(resourceVersionOf(externalSecret({})), "3-f47fe3c0b255b6dd8047cdffa772587bb829efe7a1cb70febeda2eb2");
  t.end();
});
