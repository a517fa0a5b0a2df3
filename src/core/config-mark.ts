import { ProviderError } from "../api/errors.ts";
import { referenceKinds } from "../api/marks.ts";
import { providerConfigMark } from "../api/provider-labels.ts";
import type { Reference } from "../api/references.ts";
import type { FollowedKind } from "../cluster/followed-kinds.ts";

/** What the annotation of a config kind's CustomResourceDefinition says. Only administrators write those. */
export interface ConfigMark {
  /** The key of `spec.provider` whose place the config's spec takes. */
  readonly key: string;
  /** Paths from the spec's root that refer to Kubernetes; all that core reads for it. */
  readonly references: readonly Reference[];
}

/**
 * What a config kind says of itself. Throws ProviderError InvalidConfig, naming the CustomResourceDefinition, when it
 * cannot be understood: nothing is read for a kind of which that is not certain.
 */
export function configMark(kind: FollowedKind): ConfigMark {
  const text = kind.annotations[providerConfigMark];
  const name = `CustomResourceDefinition ${kind.plural}.${kind.group}`;
  if (text === undefined) throw broken(`${name} has no annotation ${providerConfigMark}`);
  const mark = parsed(text);
  if (!isRecord(mark)) throw broken(`annotation ${providerConfigMark} of ${name} is no JSON object`);
  const { key, references = [] } = mark;
  if (typeof key !== "string" || key === "") throw broken(`annotation ${providerConfigMark} of ${name} has no "key"`);
  if (!Array.isArray(references))
    throw broken(`"references" in annotation ${providerConfigMark} of ${name} are no list`);
  // Without it nobody can be told whether an object works.
  if (!kind.hasStatus) throw broken(`${name} has no subresource status`);
  return { key, references: references.map((entry, index) => reference(entry, `${name}, reference ${index}`)) };
}

/** {@link configMark} where a broken one counts as absent: it is told where somebody uses the kind. */
export function usableConfigMark(kind: FollowedKind): ConfigMark | undefined {
  try {
    return configMark(kind);
  } catch {
    return undefined;
  }
}

function reference(entry: unknown, where: string): Reference {
  if (!isRecord(entry)) throw broken(`${where} is no object`);
  const { path, kind: text, defaultKey, audiences, audiencesField, apiServerToken } = entry;
  const kind = referenceKinds.find((candidate) => candidate === text);
  if (typeof path !== "string" || !path.startsWith("/")) throw broken(`${where} has no "path" that begins with /`);
  if (kind === undefined) throw broken(`${where}: "kind" must be one of ${referenceKinds.join(", ")}`);
  return {
    path,
    kind,
    ...(typeof defaultKey === "string" && { defaultKey }),
    ...(Array.isArray(audiences) && { audiences: audiences.map(String) }),
    ...(typeof audiencesField === "string" && { audiencesField }),
    ...(apiServerToken === true && { apiServerToken }),
  };
}

function broken(what: string): ProviderError {
  return new ProviderError(
    "InvalidConfig",
    `${what}; correct the CustomResourceDefinition, or apply the provider's own`,
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
