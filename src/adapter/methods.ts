import { HealthService } from "../wire/gen/grpc/health/v1/health.ts";
import { ProviderService } from "../wire/gen/outboard/v1/provider.ts";
import { SecretStoreProviderService } from "../wire/gen/provider/v1/secretstore.ts";

/** Last part of the path of each RPC that is served; no two services share one. */
export type MethodName = (typeof methodNames)[number];

/** See {@link MethodName}. */
export const methodNames = [
  "GetSecret",
  "GetSecretMap",
  "GetAllSecrets",
  "PushSecret",
  "DeleteSecret",
  "SecretExists",
  "Validate",
  "Capabilities",
  "Describe",
  "Read",
  "ValidateStore",
  "Check",
  "Watch",
] as const;

/** Services by their full names, for health. */
export const serviceNames: readonly string[] = [SecretStoreProviderService, ProviderService, HealthService].map(
  (service) => Object.values(service)[0]?.path.split("/")[1] ?? "",
);

/** The name of a method by its path. */
export function methodName(path: string): MethodName {
  const name = methodNames.find((candidate) => path.endsWith(`/${candidate}`));
  if (name === undefined) throw new Error(`no method of ours: ${path}`);
  return name;
}
