import { Type } from "typebox";

const label = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";

/** GROUP/VERSION of a kind that a CustomResourceDefinition defines: the core group, "v1", has none of those. */
export const apiVersion = (description: string) =>
  Type.String({
    minLength: 3,
    maxLength: 317,
    pattern: `^${label}(\\.${label})*/[a-z]([-a-z0-9]*[a-z0-9])?$`,
    description,
  });
