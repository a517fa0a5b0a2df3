import { Type, type Static, type TSchema } from "typebox";

/** The schema of one status condition as ESO has it; `type` is the schema of the condition's type. */
export function conditionOf<T extends TSchema>(type: T) {
  return Type.Object({
    type,
    status: Type.String({ description: "True, False or Unknown." }),
    reason: Type.Optional(Type.String({ description: "One word for programs: why the status is what it is." })),
    message: Type.Optional(Type.String({ description: "The same for people." })),
    lastTransitionTime: Type.Optional(
      Type.String({ format: "date-time", description: "When the status last changed from one value to another." }),
    ),
  });
}

const anyCondition = conditionOf(Type.String({ description: "What the condition is about." }));

/** `status.conditions` where the schema closes no list of their types. */
export const statusConditions = Type.Array(anyCondition, { description: "Ready, and why." });

/** A status condition of any kind; `lastTransitionTime` is RFC 3339 in whole seconds. */
export type Condition = Static<typeof anyCondition>;
