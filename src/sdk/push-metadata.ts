import type { TSchema } from "typebox";
import { ProviderError } from "../api/errors.ts";

const apiVersion = "kubernetes.external-secrets.io/v1alpha1";
const kind = "PushSecretMetadata";

/**
 * `spec` of ESO's PushSecretMetadata, from the raw JSON of a PushSecret's `metadata`; undefined: none was given. Unknown
 * fields are errors, as in ESO; a provider without a schema ignores it, as ESO's do. Throws InvalidConfig naming the field.
 */
export async function parsePushMetadata(
  metadata: Uint8Array | undefined,
  schema: TSchema | undefined,
): Promise<unknown> {
  if (metadata === undefined || metadata.length === 0 || schema === undefined) return undefined;
  const { validate } = await import("../api/validate.ts");
  const value = parse(metadata);
  const wrapper = {
    type: "object",
    required: ["apiVersion", "kind"],
    properties: {
      apiVersion: { type: "string", enum: [apiVersion] },
      kind: { type: "string", enum: [kind] },
      metadata: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
      spec: schema,
    },
  };
  const [wrong] = validate(wrapper, value);
  if (wrong !== undefined) {
    throw invalid(`failed to parse ${apiVersion} ${kind}: ${JSON.stringify(wrong.pointer)} ${wrong.message}`);
  }
  return typeof value === "object" && value !== null && "spec" in value ? value.spec : undefined;
}

function parse(metadata: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(metadata));
  } catch {
    throw invalid(`failed to parse ${apiVersion} ${kind}: it is not JSON`);
  }
}

function invalid(message: string): ProviderError {
  return new ProviderError("InvalidConfig", message);
}
