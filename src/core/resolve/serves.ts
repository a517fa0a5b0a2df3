import { escapeControl } from "../../api/escape.ts";

/** Annotation of a labelled Service: which keys of `spec.provider` and which config kinds it may serve. */
export const servesAnnotation = "external-secrets.io/serves";

/** What a Service may serve, as its annotation says. */
export interface Serves {
  /** Keys of `spec.provider`, "vault". */
  readonly keys: ReadonlySet<string>;
  /** Config kinds by followedKindId, "Vault.provider.external-secrets.io". */
  readonly kinds: ReadonlySet<string>;
}

/** What a store asks for: the provider of its key, or of its config's kind. */
export interface Wanted {
  readonly what: "key" | "kind";
  readonly name: string;
}

/** Parses the annotation: names separated by commas or spaces; one with a dot in it is a kind. */
export function parseServes(text: string = ""): Serves {
  const names = text.split(/[\s,]+/).filter((name) => name !== "");
  return {
    keys: new Set(names.filter((name) => !name.includes("."))),
    kinds: new Set(names.filter((name) => name.includes("."))),
  };
}

/** Whether the annotation covers what is asked for. */
export function covers({ keys, kinds }: Serves, { what, name }: Wanted): boolean {
  return (what === "key" ? keys : kinds).has(name);
}

/** "spec.provider.vault", "Vault.provider.external-secrets.io", for messages. */
export function wantedText({ what, name }: Wanted): string {
  return what === "key" ? `spec.provider.${escapeControl(name)}` : escapeControl(name);
}
