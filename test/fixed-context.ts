import { ProviderError } from "../src/api/errors.ts";
import type { Context, SecretKeySelector } from "../src/api/provider.ts";

/** A context that answers from a map of "NAME/KEY" -> text, whatever the namespace. */
export function fixedContext(values: ReadonlyMap<string, string>, namespace = "default"): Context {
  const read = async ({ name = "", key = "" }: SecretKeySelector): Promise<Uint8Array> => {
    const value = values.get(`${name}/${key}`);
    if (value === undefined) throw new ProviderError("InvalidConfig", `there is no ${name}/${key}`);
    return Buffer.from(value);
  };
  return {
    namespace,
    ambient: false,
    secret: read,
    configMap: read,
    token: async () => {
      throw new ProviderError("InvalidConfig", "there are no tokens here");
    },
  };
}
