import { ProviderError } from "../../../api/errors.ts";
import type { ExternalSecretObject } from "../../kinds.ts";
import { stuck, type Failure } from "./failure.ts";
import { privilegedTemplate } from "./privileged.ts";
import { refreshInterval } from "./refresh.ts";
import { unbuiltField } from "./unbuilt.ts";

/** What is wrong with the object itself; no request is made for it. */
export function refusal({ spec }: ExternalSecretObject): Failure | undefined {
  const field = unbuiltField(spec);
  if (field !== undefined) {
    const condition = `${field} is not supported by this version of Outboard`;
    return stuck(
      condition,
      "Unsupported",
      `${condition}; remove it, or leave this ExternalSecret to an operator that has it`,
    );
  }
  const privileged = privilegedTemplate(spec.target?.template);
  if (privileged !== undefined) {
    return stuck("could not update secret", "InvalidConfig", `could not apply template: ${privileged}`);
  }
  try {
    refreshInterval(spec);
    return undefined;
  } catch (thrown) {
    const { message } = ProviderError.from(thrown);
    return stuck(message, "InvalidConfig", message);
  }
}
