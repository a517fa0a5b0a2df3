/** Metadata that every API server accepts. */
export const goodMetadata: readonly { readonly name: string; readonly metadata: object }[] = [
  { name: "a name with dots", metadata: { name: "a.b-c.1" } },
  { name: "the longest name", metadata: { name: "a".repeat(253) } },
  { name: "labels", metadata: { name: "a", labels: { "example.com/a_b.C": "", x: "A.b_c-1" } } },
  { name: "annotations with any value", metadata: { name: "a", annotations: { "example.com/a": "\u00e4 b\n" } } },
  { name: "the most annotations", metadata: { name: "a", annotations: { a: "x".repeat(256 * 1024 - 1) } } },
];

/** Metadata that it rejects, and the field that it names. */
export const badMetadata: readonly { readonly name: string; readonly metadata: object; readonly field: string }[] = [
  { name: "no name", metadata: {}, field: "metadata.name" },
  { name: "a name in upper case", metadata: { name: "App" }, field: "metadata.name" },
  { name: "a name that is too long", metadata: { name: "a".repeat(254) }, field: "metadata.name" },
  { name: "a name with a final dash", metadata: { name: "a-" }, field: "metadata.name" },
  { name: "a label's key with a space", metadata: { name: "a", labels: { "a b": "" } }, field: "metadata.labels" },
  { name: "a label's key of two slashes", metadata: { name: "a", labels: { "a/b/c": "" } }, field: "metadata.labels" },
  { name: "a label's value with a space", metadata: { name: "a", labels: { a: "b c" } }, field: "metadata.labels" },
  {
    name: "a label's value that is too long",
    metadata: { name: "a", labels: { a: "b".repeat(64) } },
    field: "metadata.labels",
  },
  {
    name: "an annotation's key with a space",
    metadata: { name: "a", annotations: { "a b": "" } },
    field: "metadata.annotations",
  },
  {
    name: "too many annotations",
    metadata: { name: "a", annotations: { a: "x".repeat(256 * 1024) } },
    field: "metadata.annotations",
  },
];
