import type { Context, Operation, Provider, RemoteRef, Store } from "../api/provider.ts";

/** What the suite wants to find in the backend: names of its own choosing and their values. */
export type Seed = ReadonlyMap<string, Uint8Array>;

/** What a backend cannot do by its nature; the cases that need it are left out, and said so in the case list. */
export type OptOut =
  /** Values that are not UTF-8. */
  | "binary"
  /** Empty values. */
  | "empty"
  /** `property` paths into JSON values. */
  | "property"
  /** A property that is named exactly so wins over the path of the same text. */
  | "dotted-property"
  /** JSON values come back as they were written: spacing, order, escapes. */
  | "json-text"
  /** Numbers come back as they were written, whatever their size. */
  | "number-text"
  /** A backend that can be made to hang ({@link Subject.hanging}). */
  | "hanging";

/** One provider under test, in whichever form: the cases see a Provider and cannot tell. */
export interface Subject {
  readonly provider: Provider;
  /** A store that works, whose backend {@link Subject.seed} fills. */
  readonly store: Store;
  /** A store whose spec is of the wrong type somewhere, and the JSON Pointer of that place within the provider's object. */
  readonly badStore: { readonly store: Store; readonly pointer: string };
  readonly context: Context;
  readonly operations: readonly Operation[];
  readonly optOuts: ReadonlySet<OptOut>;
  /** Puts values into the backend; called once, before the cases. */
  seed(values: Seed): Promise<void>;
  /** How the value seeded under `name` is referred to. */
  ref(name: string): RemoteRef;
  /** A reference whose read the backend never answers; present unless opted out. */
  readonly hanging?: RemoteRef;
}

/** One named expectation. */
export interface ConformanceCase {
  /** A sentence of behaviour. */
  readonly name: string;
  /** Operations without which the case says nothing. */
  readonly needs?: readonly Operation[];
  /** The opt-out that leaves it out. */
  readonly unless?: OptOut;
  /** Rejects (node:assert) when the subject does not conform. */
  run(subject: Subject): Promise<void>;
}
