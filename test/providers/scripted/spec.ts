import { Type } from "typebox";

/** Values by key; every other key is a script (see scripted.ts). */
export const spec = Type.Object({
  data: Type.Optional(Type.Array(Type.Object({ key: Type.String(), value: Type.String() }))),
});
