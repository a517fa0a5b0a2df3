import { ProviderError } from "../../../src/api/errors.ts";
import type { Find, Provider, RemoteRef, SecretMap, SecretsClient, Store } from "../../../src/api/provider.ts";

/**
 * A legacy provider whose backend misbehaves on demand. The remote key is a script:
 * `hang` (until cancelled), `deaf` (for ever, whatever the signal says), `slow:MS:TEXT`, `exit:CODE`, `bytes:N`,
 * `map:N`, `latin1`, `throw`, `escape`, `limited:MS`, `pid` (of its process); any other key is looked up in `data`.
 */
export const provider: Provider = {
  name: "chef",
  capabilities: async () => ["get", "map", "find"],
  validateStore: async () => ({ warnings: [], errors: [] }),
  newClient: async (store) => client(store),
};

interface ScriptedSpec {
  readonly data?: readonly { readonly key: string; readonly value: string }[];
}

function client(store: Store): SecretsClient {
  const { data = [] } = store.spec.provider["chef"] as ScriptedSpec;
  const values = new Map(data.map(({ key, value }) => [key, Buffer.from(value)]));
  return {
    getSecret: (ref, signal) => play(ref, values, signal),
    getSecretMap: (ref) => map(ref, values),
    getAllSecrets: async (find) => search(find, values),
    pushSecret: unsupported,
    deleteSecret: unsupported,
    secretExists: unsupported,
    validate: async () => "Ready",
    close: async () => {},
  };
}

async function unsupported(): Promise<never> {
  throw new ProviderError("Unsupported", "the scripted backend is read-only");
}

async function play(ref: RemoteRef, values: SecretMap, signal: AbortSignal): Promise<Uint8Array> {
  signal.throwIfAborted();
  const [script, first = "", ...rest] = ref.key.split(":");
  switch (script) {
    case "hang":
      return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)));
    case "deaf":
      return new Promise(() => {});
    case "slow":
      await new Promise((resolve) => setTimeout(resolve, Number(first)));
      return Buffer.from(rest.join(":"));
    case "exit":
      return process.exit(Number(first));
    case "bytes":
      return new Uint8Array(Number(first)).fill(120);
    case "latin1":
      return Uint8Array.of(0xe9, 0xff, 0xfe);
    case "throw":
      throw new Error(`SDK failed with body ${[...values.values()].map(String).join()}`);
    case "escape":
      throw new ProviderError("Unavailable", "\u001b[2J\u001b]0;owned\u0007backend says no\r\nforged line");
    case "pid":
      return Buffer.from(String(process.pid));
    case "limited":
      throw new ProviderError("RateLimited", "too many requests", { retryAfter: Number(first) });
    default:
      return found(ref, values);
  }
}

async function map(ref: RemoteRef, values: SecretMap): Promise<SecretMap> {
  const [script, count] = ref.key.split(":");
  if (script === "map") {
    return new Map(Array.from({ length: Number(count) }, (_, index) => [`key-${index}`, Buffer.from(`${index}`)]));
  }
  const members = JSON.parse(Buffer.from(found(ref, values)).toString()) as Record<string, unknown>;
  return new Map(Object.entries(members).map(([key, value]) => [key, Buffer.from(String(value))]));
}

function search({ name }: Find, values: SecretMap): SecretMap {
  const wanted = name?.regexp?.replaceAll(/[$^]/g, "") ?? "";
  return new Map([...values].filter(([key]) => key.includes(wanted)));
}

function found({ key }: RemoteRef, values: SecretMap): Uint8Array {
  const value = values.get(key);
  if (value === undefined)
    throw new ProviderError("NoSecret", `there is no value under the key ${JSON.stringify(key)}`);
  return value;
}
