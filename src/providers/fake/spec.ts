import { Type, type Static } from "typebox";

/** `spec.provider.fake` of a SecretStore, as ESO 2.9 has it. */
export const spec = Type.Object(
  {
    data: Type.Array(
      Type.Object({
        key: Type.String({ description: "Key of the secret." }),
        value: Type.String({ description: "Value of the secret." }),
        version: Type.Optional(Type.String({ description: "Version of the value; none when empty." })),
      }),
      { description: "The secrets that the store holds." },
    ),
    validationResult: Type.Optional(
      Type.Integer({ description: "What validating the store gives: 0 ready (the default), 1 unknown, 2 an error." }),
    ),
  },
  { description: "A store with static secrets, for trying things out and for tests." },
);

/** Static type of {@link spec}. */
export type FakeSpec = Static<typeof spec>;
