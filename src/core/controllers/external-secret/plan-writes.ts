import { ProviderError } from "../../../api/errors.ts";
import type { SecretMap } from "../../../api/provider.ts";
import type { SecretObject, SecretWrite } from "../../../cluster/objects.ts";
import type { ExternalSecretObject } from "../../kinds.ts";
import { providerTopics, storeTopic } from "../../topics.ts";
import type { Ready } from "../condition.ts";
import { notFetched, stuck } from "./failure.ts";
import { OwnershipError } from "./ownership.ts";
import { assemble, type SourceResult } from "./pipeline.ts";
import type { World, Write, WritePlan } from "./plan.ts";
import type { Source } from "./reads.ts";
import { changesContent, changesMetadata, targetSecret } from "./target.ts";

/** What an ExternalSecret is to write, now that the results of its sources are here. */
export function planWrites(
  object: ExternalSecretObject,
  world: World,
  sources: readonly Source[],
  results: readonly (SourceResult | undefined)[],
): WritePlan {
  let data: SecretMap;
  try {
    data = assemble(sources, results);
  } catch (thrown) {
    const error = ProviderError.from(thrown);
    return { step: "fail", failure: notFetched(error, topicsOf(sources, world, error)) };
  }
  if (data.size === 0)
    return { step: "write", writes: [], ready: synced("secret retained due to DeletionPolicy=Retain") };
  if (object.spec.target?.creationPolicy === "None")
    return { step: "write", writes: [], ready: synced("secret synced") };
  try {
    return planTarget(targetSecret(object, world.secret, data), world);
  } catch (error) {
    if (!(error instanceof OwnershipError)) throw error;
    return { step: "fail", failure: stuck(error.condition, "InvalidConfig", error.message) };
  }
}

function planTarget(secret: SecretWrite, { secret: existing, orphans }: World): WritePlan {
  const changed = existing !== undefined && changesContent(existing, secret);
  if (existing?.immutable && changed) {
    const message = `unable to update secret ${secret.name}: secret is immutable`;
    return { step: "fail", failure: stuck("could not update secret, target is immutable", "InvalidConfig", message) };
  }
  const writes = orphans.map(removal);
  if (existing === undefined) {
    const event = { type: "Normal", reason: "Created", message: "secret created" } as const;
    writes.push({ op: "create", secret, event, condition: "could not update secret" });
  } else if (changed || changesMetadata(existing, secret)) {
    const event = { type: "Normal", reason: "Updated", message: "secret updated" } as const;
    const { resourceVersion } = existing.metadata;
    writes.push({ op: "update", secret, resourceVersion, event, condition: "could not update secret" });
  }
  return { step: "write", writes, ready: synced("secret synced"), binding: secret.name };
}

function removal({ metadata }: SecretObject): Write {
  const { namespace, name, uid } = metadata;
  const event = { type: "Normal", reason: "Deleted", message: "secret deleted because it was orphaned" } as const;
  return { op: "remove", key: { namespace, name }, uid, event, condition: "could not delete orphaned secrets" };
}

function synced(message: string): Ready {
  return { status: "True", reason: "SecretSynced", message };
}

/** Any of the stores that were read from may be what failed. */
function topicsOf(sources: readonly Source[], world: World, error: ProviderError): readonly string[] {
  const topics = sources.flatMap(({ store: ref }) => {
    const store = world.usableStore(ref);
    return [storeTopic(ref), ...(store === undefined ? [] : providerTopics(store, error))];
  });
  return [...new Set(topics)];
}
