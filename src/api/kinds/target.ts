import { Type, type Static } from "typebox";
import { dataKey, objectName, stringEnum, stringMap } from "../schema.ts";

const templateRef = (description: string) =>
  Type.Object(
    {
      name: objectName("Name of the object."),
      items: Type.Array(
        Type.Object({
          key: dataKey("Key that holds the template."),
          templateAs: Type.Optional(
            stringEnum(["Values", "KeysAndValues"], {
              default: "Values",
              description:
                "Values: the template makes the key's value. KeysAndValues: it makes YAML of keys and values.",
            }),
          ),
        }),
        { description: "Keys of it that are templates." },
      ),
    },
    { description },
  );

const templateFrom = Type.Object({
  configMap: Type.Optional(templateRef("Templates from a ConfigMap.")),
  secret: Type.Optional(templateRef("Templates from a Secret.")),
  target: Type.Optional(
    Type.String({ default: "Data", description: "Where the result goes: Data, Labels, Annotations or a path." }),
  ),
  literal: Type.Optional(Type.String({ description: "A template as it stands." })),
  valuesDecodingStrategy: Type.Optional(
    stringEnum(["Auto", "Base64", "Base64URL", "None"], { description: "How rendered values are decoded." }),
  ),
});

/** ESO's ExternalSecretTemplate: what the target looks like. */
export const template = Type.Object(
  {
    type: Type.Optional(Type.String({ description: "Type of the Secret; Opaque when empty." })),
    engineVersion: Type.Optional(stringEnum(["v2"], { default: "v2", description: "Version of the template engine." })),
    metadata: Type.Optional(
      Type.Object(
        {
          annotations: Type.Optional(stringMap({ description: "Annotations; values are templates." })),
          labels: Type.Optional(stringMap({ description: "Labels; values are templates." })),
          finalizers: Type.Optional(Type.Array(Type.String(), { description: "Finalizers of the target." })),
        },
        { description: "Metadata of the target. Without a template it is the ExternalSecret's." },
      ),
    ),
    mergePolicy: Type.Optional(
      stringEnum(["Replace", "Merge"], {
        default: "Replace",
        description: "Merge: fetched keys stand beside the rendered ones.",
      }),
    ),
    data: Type.Optional(stringMap({ description: "Templates by key." })),
    templateFrom: Type.Optional(Type.Array(templateFrom, { description: "Templates from elsewhere." })),
  },
  { description: "What the target looks like." },
);

/** ESO's ExternalSecretTarget. */
export const target = Type.Object(
  {
    name: Type.Optional(objectName("Name of the target; the ExternalSecret's own when empty.")),
    creationPolicy: Type.Optional(
      stringEnum(["Owner", "Orphan", "Merge", "None", "CreateOrMerge"], {
        default: "Owner",
        description: "Who creates the target and whom it belongs to.",
      }),
    ),
    deletionPolicy: Type.Optional(
      stringEnum(["Delete", "Merge", "Retain"], {
        default: "Retain",
        description: "What happens to the target when the backend has nothing any more.",
      }),
    ),
    template: Type.Optional(template),
    manifest: Type.Optional(
      Type.Object(
        {
          apiVersion: Type.String({ minLength: 1, description: "API version of the target." }),
          kind: Type.String({ minLength: 1, description: "Kind of the target." }),
        },
        { description: "Another kind than Secret as the target." },
      ),
    ),
    immutable: Type.Optional(Type.Boolean({ description: "Whether the Secret is made immutable." })),
  },
  {
    default: { creationPolicy: "Owner", deletionPolicy: "Retain" },
    description: "The object that the values go to.",
  },
);

/** Static type of {@link target}. */
export type ExternalSecretTarget = Static<typeof target>;
/** Static type of {@link template}. */
export type ExternalSecretTemplate = Static<typeof template>;
