import { keyId, type ObjectKey } from "../cluster.ts";
import type { ObjectMeta } from "../objects.ts";
import type { ApiObject } from "./api-object.ts";
import type { ReflectorSink } from "./reflector.ts";
import { createTable, type Table, type ViewItem } from "./table.ts";
import { isOlder } from "./versions.ts";

/** What is known of the objects of one kind. */
export interface View<Item> extends Pick<Table<Item>, "get" | "list" | "withLabels"> {
  /** Where the reflector of that source writes. */
  sink(source: string): ReflectorSink;
  /** Sends a write; what it made of the object is in the view when it resolves. */
  write(key: ObjectKey, send: () => Promise<ApiObject>): Promise<Written<Item>>;
  /** Sends a removal, which answers with the object while it has finalizers. It is in the view when it resolves. */
  remove(key: ObjectKey, uid: string, send: () => Promise<ApiObject | undefined>): Promise<void>;
}

/** What a write answered, and what the view holds of it. */
export interface Written<Item> {
  readonly object: ApiObject;
  readonly item: Item;
}

/** What {@link createView} needs. */
export interface ViewOptions<Item> {
  readonly convert: (object: ApiObject) => Item;
  /** Which of several reflectors tells of an object as it is. */
  readonly sourceOf: (metadata: ObjectMeta) => string;
  readonly changed: (key: ObjectKey) => void;
}

/** A list that is being read, and which objects we wrote meanwhile: of those it may be behind. */
interface Listing<Item> {
  readonly items: Map<string, Item>;
  readonly written: Set<string>;
}

/** What a source told of the end of an object; `version` is its last, where that is known. */
interface End {
  readonly uid: string;
  readonly source: string;
  readonly version?: string;
}

/**
 * One view of what several reflectors and our own writes say. None of them overwrites what is newer, and none ends what
 * another now tells of: an object that leaves one selection for another moves.
 */
export function createView<Item extends ViewItem>({ convert, sourceOf, changed }: ViewOptions<Item>): View<Item> {
  const table = createTable<Item>();
  const listings = new Map<string, Listing<Item>>();
  /** For each write under way what ended meanwhile: its answer may come after the object's end. */
  const flights = new Set<End[]>();
  /** UIDs that we removed and the source that has yet to tell of it. */
  const removed = new Map<string, string>();

  const put = (item: Item) => {
    const { uid, resourceVersion } = item.metadata;
    const held = table.get(item.metadata)?.metadata;
    if (removed.has(uid) || (held?.uid === uid && held.resourceVersion === resourceVersion)) return;
    table.set(item);
    changed(keyOf(item.metadata));
  };
  const isHeld = ({ metadata: { namespace = "", name, uid, resourceVersion } }: ApiObject) => {
    const held = table.get({ namespace, name })?.metadata;
    return held?.uid === uid && held.resourceVersion === resourceVersion;
  };
  const putNewer = (item: Item) => {
    const held = table.get(item.metadata)?.metadata;
    if (held === undefined || !isOlder(item.metadata.resourceVersion, held.resourceVersion)) put(item);
  };
  const drop = ({ metadata }: Item) => {
    table.delete(metadata);
    changed(keyOf(metadata));
  };
  const noteEnd = (end: End) => {
    for (const ends of flights) ends.push(end);
  };
  const end = (source: string, { uid, name, namespace = "", resourceVersion }: ApiObject["metadata"]) => {
    if (removed.get(uid) === source) removed.delete(uid);
    noteEnd({ uid, source, version: resourceVersion });
    const held = table.get({ namespace, name });
    if (held === undefined || sourceOf(held.metadata) !== source) return;
    if (!isOlder(resourceVersion, held.metadata.resourceVersion)) drop(held);
  };
  const commit = (source: string) => {
    const listing = listings.get(source);
    if (listing === undefined) return;
    listings.delete(source);
    const { items, written } = listing;
    for (const held of table.list()) {
      const id = keyId(held.metadata);
      if (items.has(id) || written.has(id) || sourceOf(held.metadata) !== source) continue;
      noteEnd({ uid: held.metadata.uid, source });
      drop(held);
    }
    for (const [id, item] of items) {
      const held = table.get(item.metadata);
      const isNews = held !== undefined && sourceOf(held.metadata) === source && !written.has(id);
      // The list is right even where it says less: a cluster may have been restored from a backup.
      if (isNews) put(item);
      else putNewer(item);
    }
    const listed = new Set(Array.from(items.values(), ({ metadata }) => metadata.uid));
    for (const [uid, of] of removed) if (of === source && !listed.has(uid)) removed.delete(uid);
  };
  /** Takes what our own write made of an object. */
  const take = (key: ObjectKey, item: Item) => {
    for (const { written } of listings.values()) written.add(keyId(key));
    const { deletionTimestamp, finalizers, uid } = item.metadata;
    if (deletionTimestamp !== undefined && finalizers.length === 0) forget(key, uid);
    else putNewer(item);
  };
  const forget = (key: ObjectKey, uid: string) => {
    for (const { written } of listings.values()) written.add(keyId(key));
    const held = table.get(key);
    if (held === undefined || held.metadata.uid !== uid) return;
    const source = sourceOf(held.metadata);
    removed.set(uid, source);
    noteEnd({ uid, source });
    drop(held);
  };
  /** Whether the object as it was answered has ended since. An end that another source tells is a move. */
  const hasEnded = ({ metadata }: Item, ends: readonly End[]) =>
    ends.some(({ uid, source, version }) => {
      if (uid !== metadata.uid || source !== sourceOf(metadata)) return false;
      return version === undefined || !isOlder(version, metadata.resourceVersion);
    });
  async function during<Answer>(send: (ends: readonly End[]) => Promise<Answer>): Promise<Answer> {
    const ends: End[] = [];
    flights.add(ends);
    try {
      return await send(ends);
    } finally {
      flights.delete(ends);
    }
  }

  return {
    get: table.get,
    list: table.list,
    withLabels: table.withLabels,
    sink: (source) => ({
      begin: () => void listings.set(source, { items: new Map(), written: new Set() }),
      add: (object) => {
        const item = convert(object);
        listings.get(source)?.items.set(keyId(item.metadata), item);
      },
      commit: () => commit(source),
      seen: (object) => {
        // As a rule what our own write has answered already; a large Secret is not taken apart once more.
        if (!isHeld(object)) putNewer(convert(object));
      },
      gone: ({ metadata }) => end(source, metadata),
    }),
    write: (key, send) =>
      during(async (ends) => {
        const object = await send();
        const item = convert(object);
        if (!hasEnded(item, ends)) take(key, item);
        return { object, item };
      }),
    remove: (key, uid, send) =>
      during(async (ends) => {
        const object = await send();
        if (object === undefined) return forget(key, uid);
        const item = convert(object);
        if (!hasEnded(item, ends)) take(key, item);
      }),
  };
}

function keyOf({ namespace, name }: ObjectMeta): ObjectKey {
  return { namespace, name };
}
