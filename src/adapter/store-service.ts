import { ProviderError } from "../api/errors.ts";
import { storeCapabilities, type Provider } from "../api/provider.ts";
import type { HostCall } from "../host/call.ts";
import type { ProviderDefinition } from "../host/definition.ts";
import type { Host } from "../host/host.ts";
import { fromContext } from "../wire/context.ts";
import { toCapabilities } from "../wire/describe.ts";
import { Validation, type Context } from "../wire/gen/outboard/v1/context.ts";
import type { SecretStoreProviderService, ValidateResponse } from "../wire/gen/provider/v1/secretstore.ts";
import { fromPush, fromPushRemoteRef } from "../wire/push.ts";
import { fromDataRemoteRef, fromExternalSecretFind } from "../wire/reads.ts";
import type { Call } from "./call.ts";
import type { Handlers } from "./service.ts";

/** What surrounds a call, for the host. Throws ProviderError InvalidConfig when the request has no context. */
export function hostCall({ context }: { readonly context: Context | undefined }, { peer }: Call): HostCall {
  return { peer, ...fromContext(context) };
}

/** provider.v1.SecretStoreProvider over the host. */
export function storeService(definition: ProviderDefinition, host: Host): Handlers<typeof SecretStoreProviderService> {
  return {
    getSecret: async (request, call) => {
      const ref = fromDataRemoteRef(request.remoteRef);
      const { signal } = call;
      const value = await host.use(hostCall(request, call), signal, (client) => client.getSecret(ref, signal));
      return { value, info: undefined };
    },
    getSecretMap: async (request, call) => {
      const ref = fromDataRemoteRef(request.remoteRef);
      const { signal } = call;
      const secrets = await host.use(hostCall(request, call), signal, (client) => client.getSecretMap(ref, signal));
      return { secrets: new Map(secrets), info: undefined };
    },
    getAllSecrets: async (request, call) => {
      const find = fromExternalSecretFind(request.find);
      const { signal } = call;
      const secrets = await host.use(hostCall(request, call), signal, (client) => client.getAllSecrets(find, signal));
      return { secrets: new Map(secrets), info: undefined };
    },
    pushSecret: async (request, call) => {
      const { source, data } = fromPush(request);
      const { signal } = call;
      await host.use(hostCall(request, call), signal, (client) => client.pushSecret(source, data, signal));
      return { info: undefined };
    },
    deleteSecret: async (request, call) => {
      const ref = fromPushRemoteRef(request.remoteRef);
      const { signal } = call;
      await host.use(hostCall(request, call), signal, (client) => client.deleteSecret(ref, signal));
      return { info: undefined };
    },
    secretExists: async (request, call) => {
      const ref = fromPushRemoteRef(request.remoteRef);
      const { signal } = call;
      const exists = await host.use(hostCall(request, call), signal, (client) => client.secretExists(ref, signal));
      return { exists, info: undefined };
    },
    validate: async (request, call) => {
      try {
        return await validate(host, hostCall(request, call), call);
      } catch (thrown) {
        // The prototype's core, which sends no context, knows valid and error only; ours gets the error's code.
        if (request.context !== undefined) throw thrown;
        return { valid: false, error: ProviderError.from(thrown).message, warnings: [], info: undefined };
      }
    },
    capabilities: async (request, call) => {
      const provider = await servingProvider(definition, host, request, call);
      const operations = await provider.capabilities(call.signal);
      return { capabilities: toCapabilities(storeCapabilities(operations)), info: undefined };
    },
  };
}

async function validate(host: Host, call: HostCall, { signal, end }: Call): Promise<ValidateResponse> {
  // Until the end: whoever was slow is told by the provider's own words, which come after its signal.
  return host.use(call, end(), async (client, info) => {
    const result = await client.validate(signal);
    const error = typeof result === "object" ? result.undetermined.message : "";
    const validation = result === "Ready" ? Validation.VALIDATION_READY : Validation.VALIDATION_UNKNOWN;
    const warnings = [...info.warnings];
    const told = { validation, warnings, version: "", expiresAtUnixMs: 0 };
    return { valid: error === "", error, warnings, info: told };
  });
}

/** The provider of the request's store; without a context the only one there is. */
async function servingProvider(
  { name, stores }: ProviderDefinition,
  host: Host,
  request: { readonly context: Context | undefined },
  call: Call,
): Promise<Provider> {
  if (request.context !== undefined) return (await host.check(hostCall(request, call))).definition.provider;
  const [only, ...others] = stores;
  if (only !== undefined && others.length === 0) return only.provider;
  throw new ProviderError("InvalidConfig", `provider ${name} serves several keys: the request must have a context`);
}
