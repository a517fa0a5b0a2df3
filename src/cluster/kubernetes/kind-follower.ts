import type { Logger } from "../../process/logs.ts";
import { ClusterError, type Change, type ObjectKey } from "../cluster.ts";
import { followedKindId, type FollowedKind, type FollowedKinds } from "../followed-kinds.ts";
import { groupOf, type Kind, type KubeObject } from "../objects.ts";
import type { CustomKind } from "./custom-writes.ts";
import { definitionOf } from "./definition.ts";
import { customObject } from "./objects.ts";
import { definitionResource, listPath } from "./paths.ts";
import type { Reflector } from "./reflector.ts";
import type { Feed } from "./reflectors.ts";
import type { Scopes } from "./scopes.ts";
import { createView, type View } from "./view.ts";

/** What {@link createKindFollower} needs. */
export interface KindFollowerOptions {
  /** Label whose value "true" marks the definitions. */
  readonly label: string;
  readonly scopes: Scopes;
  /** Whether it is read anyway. */
  readonly isKnown: (kind: Kind) => boolean;
  readonly start: (feed: Feed) => Reflector;
  readonly changed: (change: Change) => void;
  readonly logger: Logger;
}

/** Follows each kind that a labelled CustomResourceDefinition defines. */
export interface KindFollower extends FollowedKinds {
  /** What lists and watches the definitions. */
  readonly feed: Feed;
  /** Once the definitions are listed: resolves when each kind there is then has been listed, or was refused. */
  settled(): Promise<void>;
  /** What has been neither. */
  unsettled(): readonly string[];
  /** A kind in any of its versions. */
  find(kind: Kind): CustomKind | undefined;
}

/** A kind whose objects are read. */
interface Following {
  kind: FollowedKind;
  readonly view: View<KubeObject>;
  /** Resolves when it is listed or refused. */
  readonly settled: Promise<void>;
  stop(): void;
}

/** What is read for a definition; `next` takes the place of `current` when it is listed. */
interface Slot {
  current?: Following;
  next?: Following;
}

export function createKindFollower(options: KindFollowerOptions): KindFollower {
  const { label, scopes, isKnown, start, changed, logger } = options;
  const slots = new Map<string, Slot>();
  const followed = new Map<string, Following>();
  const unfitFor = new Map<string, string>();
  const unsettled = new Set<Following>();
  const definitions = createView({
    convert: definitionOf,
    sourceOf: () => "",
    changed: (key) => update(key.name),
  });

  const tell = (name: string, { kind, view }: Following) => {
    for (const { metadata } of view.list()) changed({ kind: followedKindId(kind), key: keyOf(metadata) });
    changed({ kind: definitionResource.kind, key: { namespace: "", name } });
  };
  const isListed = (name: string, slot: Slot, following: Following) => {
    const old = slot.current;
    delete slot.next;
    slot.current = following;
    followed.set(followedKindId(following.kind), following);
    old?.stop();
    if (old !== undefined) tell(name, old);
    tell(name, following);
    logger.info({ kind: followedKindId(following.kind), version: following.kind.apiVersion }, "kind is followed");
  };
  const begin = (name: string, slot: Slot, kind: FollowedKind): Following => {
    const id = followedKindId(kind);
    const settled = Promise.withResolvers<void>();
    const view = createView<KubeObject>({
      convert: (object) => customObject(kind, object),
      sourceOf: scopes.sourceOf,
      // Until it is listed nobody sees it.
      changed: (key) => slot.current?.view === view && changed({ kind: id, key }),
    });
    const settle = () => {
      unsettled.delete(following);
      settled.resolve();
    };
    const unlisted = new Set(scopes.namespaces(kind));
    const reflectors = Array.from(unlisted, (namespace) => {
      const sink = view.sink(namespace ?? "");
      const commit = () => {
        sink.commit();
        if (!unlisted.delete(namespace) || unlisted.size > 0) return;
        settle();
        if (slot.next === following) isListed(name, slot, following);
      };
      const at = namespace === undefined ? "" : ` of ${namespace}`;
      return start({
        selection: { name: `${name}${at}`, path: listPath(kind, namespace), form: "whole" },
        sink: { ...sink, commit },
        onTrouble: (error) => isRefusal(error) && settle(),
      });
    });
    const stop = () => {
      settle();
      for (const reflector of reflectors) void reflector.stop();
    };
    const following: Following = { kind, view, settled: settled.promise, stop };
    unsettled.add(following);
    return following;
  };
  const end = (name: string) => {
    const { current, next } = slots.get(name) ?? {};
    slots.delete(name);
    next?.stop();
    current?.stop();
    if (current === undefined) return;
    const id = followedKindId(current.kind);
    followed.delete(id);
    tell(name, current);
    logger.info({ kind: id }, "kind is followed no longer");
  };
  const update = (name: string) => {
    const { kind, unfit } = definitions.get({ namespace: "", name }) ?? {};
    const reason = unfit ?? (kind && isKnown(kind) ? "its kind is one of those that are always read" : undefined);
    if (reason === undefined) unfitFor.delete(name);
    else if (unfitFor.get(name) !== reason) {
      unfitFor.set(name, reason);
      logger.warn({ definition: name, reason }, "is not followed");
    }
    if (kind === undefined || reason !== undefined) return end(name);
    const slot = slots.get(name) ?? {};
    slots.set(name, slot);
    const latest = slot.next ?? slot.current;
    if (latest?.kind.apiVersion === kind.apiVersion) {
      latest.kind = kind;
      if (latest === slot.current) changed({ kind: definitionResource.kind, key: { namespace: "", name } });
      return;
    }
    slot.next?.stop();
    slot.next = begin(name, slot, kind);
  };

  return {
    feed: {
      selection: {
        name: "labelled customresourcedefinitions",
        path: listPath(definitionResource),
        labelSelector: `${label}=true`,
        form: "whole",
      },
      sink: definitions.sink(""),
    },
    settled: async () => {
      await Promise.all([...slots.values()].flatMap(({ current, next }) => (next ?? current)?.settled ?? []));
    },
    unsettled: () => Array.from(unsettled, ({ kind }) => `${followedKindId(kind)}: not listed yet`),
    find: ({ kind, apiVersion }) => {
      const found = followed.get(followedKindId({ kind, group: groupOf(apiVersion) }));
      return found && { resource: found.kind, view: found.view };
    },
    followedKinds: () => Array.from(followed.values(), ({ kind }) => kind),
    followedKind: (id) => followed.get(id)?.kind,
  };
}

function keyOf({ namespace, name }: ObjectKey): ObjectKey {
  return { namespace, name };
}

/** It is there and not for us, or not there; anything else passes. */
function isRefusal(error: Error): boolean {
  return error instanceof ClusterError && (error.reason === "Forbidden" || error.reason === "NotFound");
}
