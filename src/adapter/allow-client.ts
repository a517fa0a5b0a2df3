import { UsageError } from "../process/settings.ts";
import { methodNames, type MethodName } from "./methods.ts";

/** What one `--allow-client` says. */
export interface AllowedClient {
  /** The URI in the client's certificate. */
  readonly uri: string;
  /** Undefined: every method. */
  readonly methods?: readonly MethodName[];
  /** Namespaces of stores and callers; undefined: all. */
  readonly namespaces?: readonly string[];
}

/** What a call is for, as far as the rules ask. Namespaces are empty where there are none. */
export interface CallSubject {
  readonly method: MethodName;
  /** Undefined: the call is for no store. */
  readonly store: { readonly namespace: string; readonly callerNamespace: string } | undefined;
}

/** Why a call is refused. */
export type Refusal = "identity" | "method" | "namespace";

const label = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** Parses `URI[;methods=A,B][;namespaces=a,b]`. Throws UsageError. */
export function parseAllowClient(text: string): AllowedClient {
  const [uri = "", ...parts] = text.split(";");
  // The form that certificates carry, so that a comparison of text is one of identities.
  if (!URL.canParse(uri) || !/^[a-z][a-z0-9+.-]*:\/\/[\x21-\x7e]+$/.test(uri)) {
    throw wrong(
      text,
      "it starts with the URI of a client certificate, such as spiffe://cluster.local/ns/outboard/sa/core",
    );
  }
  let client: AllowedClient = { uri };
  for (const part of parts) {
    const [name, value = ""] = part.split("=", 2);
    const items = value.split(",");
    if (name === "methods" && client.methods === undefined) {
      client = { ...client, methods: items.map((item) => methodOf(text, item)) };
    } else if (name === "namespaces" && client.namespaces === undefined) {
      if (!items.every((item) => label.test(item)))
        throw wrong(text, "namespaces= takes names of namespaces, such as namespaces=a,b");
      client = { ...client, namespaces: items };
    } else {
      throw wrong(text, "after the URI there may be ;methods=A,B and ;namespaces=a,b, each once");
    }
  }
  return client;
}

/** Why `peer` may not make the call; undefined: it may. One client may be named several times. */
export function refusal(
  clients: readonly AllowedClient[],
  peer: string | undefined,
  subject: CallSubject,
): Refusal | undefined {
  const named = clients.filter(({ uri }) => uri === peer);
  if (named.length === 0) return "identity";
  // Whoever may call at all may ask for health.
  if (subject.method === "Check" || subject.method === "Watch") return undefined;
  const withMethod = named.filter(({ methods }) => methods?.includes(subject.method) ?? true);
  if (withMethod.length === 0) return "method";
  return withMethod.some(({ namespaces }) => inNamespaces(namespaces, subject.store)) ? undefined : "namespace";
}

function inNamespaces(allowed: readonly string[] | undefined, store: CallSubject["store"]): boolean {
  if (allowed === undefined || store === undefined) return true;
  const concerned = [store.namespace, store.callerNamespace].filter((namespace) => namespace !== "");
  // A cluster store without a caller concerns every namespace.
  return concerned.length > 0 && concerned.every((namespace) => allowed.includes(namespace));
}

function methodOf(text: string, item: string): MethodName {
  const method = methodNames.find((name) => name === item);
  if (method === undefined) throw wrong(text, `methods= takes names out of ${methodNames.join(", ")}`);
  return method;
}

function wrong(text: string, expected: string): UsageError {
  return new UsageError(`--allow-client ${JSON.stringify(text)}: ${expected}`);
}
