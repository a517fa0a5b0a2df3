import { escapeControl } from "../api/escape.ts";
import type { ObjectKey } from "../cluster/cluster.ts";
import type { Kind } from "../cluster/objects.ts";
import { kindId } from "./cluster/kind-id.ts";
import type { LocalCluster } from "./cluster/local-cluster.ts";
import type { KindSchemas } from "./cluster/schemas.ts";
import { formatManifestError } from "./manifests/errors.ts";
import { loadManifests } from "./manifests/manifests.ts";

/** The manifests of a run, and what the cluster made of them. */
export interface ManifestSource {
  /** Reads all files and applies what is good. What is wrong is told, unless it was the last time too. */
  load(): Promise<void>;
  /** Whether everything was good the last time. */
  isClean(): boolean;
}

/** What {@link createManifestSource} needs. */
export interface ManifestSourceOptions {
  readonly paths: readonly string[];
  readonly schemas: KindSchemas;
  readonly cluster: LocalCluster;
  /** Takes whole lines, escaped. */
  readonly print: (text: string) => void;
}

/** Manifests of files and folders. */
export function createManifestSource({ paths, schemas, cluster, print }: ManifestSourceOptions): ManifestSource {
  let told = "";
  const load = async () => {
    const { objects, errors } = await loadManifests(paths, schemas);
    // What a broken file held before is kept: it is being edited, not taken away.
    const applied = cluster.replaceAll(objects, { prune: errors.length === 0 });
    const places = new Map(objects.map((object) => [idOf(object), `${object.file}:${object.line}`]));
    const refused = applied
      .filter(({ outcome }) => outcome === "refused")
      .map((each) => escapeControl(`${places.get(idOf(each)) ?? ""}: ${each.message ?? "is refused"}`));
    const text = [...errors.map(formatManifestError), ...refused].join("\n");
    if (text !== "" && text !== told) print(text);
    told = text;
  };
  // One after the other: a load that overtakes another would bring back what is old.
  let last = Promise.resolve();
  return {
    load: () => (last = last.then(load)),
    isClean: () => told === "",
  };
}

function idOf({ kind, key }: { kind: Kind; key: ObjectKey }): string {
  return `${kindId(kind)} ${key.namespace}/${key.name}`;
}
