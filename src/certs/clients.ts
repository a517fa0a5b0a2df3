import { UsageError } from "../process/settings.ts";
import { clientSecretName, coreSecretName } from "./names.ts";

/** Somebody who calls providers, and gets a certificate for it. */
export interface Client {
  readonly secretName: string;
  /** The one identity in its certificate. */
  readonly uri: string;
  /** What providers let it do: a value of the adapter's --allow-client. */
  readonly allowed: string;
}

const webhook = "webhook";

const label = "[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?";
const name = new RegExp(`^${label}$`);
// What certificates carry and subjectAltName shows as it is: Node quotes commas and quotes.
const uriForm = /^[a-z][a-z0-9+.-]*:\/\/[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]+$/;
const restrictions = new RegExp(`^(?:;methods=[A-Za-z]+(?:,[A-Za-z]+)*)?(?:;namespaces=${label}(?:,${label})*)?$`);

/**
 * Core, webhook, and who --client names: `NAME=URI[;methods=A,B][;namespaces=a,b]`. Throws UsageError.
 * @param further values of --client
 */
export function clientsOf(
  { systemNamespace, trustDomain }: { readonly systemNamespace: string; readonly trustDomain: string },
  further: readonly string[],
): readonly Client[] {
  const account = (name: string) => `spiffe://${trustDomain}/ns/${systemNamespace}/sa/${name}`;
  const core = account("outboard-core");
  const validating = account("outboard-webhook");
  const clients = [
    { secretName: coreSecretName, uri: core, allowed: core },
    {
      secretName: clientSecretName(webhook),
      uri: validating,
      allowed: `${validating};methods=Describe,ValidateStore`,
    },
    ...further.map(parseClient),
  ];
  for (const [index, { secretName, uri }] of clients.entries()) {
    const earlier = clients.slice(0, index);
    if (earlier.some((each) => each.secretName === secretName)) {
      throw new UsageError(`--client: two clients would have the Secret ${secretName}; give each a NAME of its own`);
    }
    if (earlier.some((each) => each.uri === uri)) {
      throw new UsageError(`--client: two clients have the URI ${uri}; providers could not tell them apart`);
    }
  }
  return clients;
}

/** One value of --client. Throws UsageError. */
export function parseClient(text: string): Client {
  const equals = text.indexOf("=");
  const [clientName, allowed] = [text.slice(0, Math.max(0, equals)), text.slice(equals + 1)];
  const [uri = ""] = allowed.split(";", 1);
  if (!name.test(clientName)) throw wrong(text, "it starts with NAME=, the name in lower case with digits and dashes");
  if (!uriForm.test(uri) || !URL.canParse(uri)) {
    throw wrong(text, "after NAME= comes the URI of the client, such as spiffe://cluster.local/ns/tools/sa/reader");
  }
  if (!restrictions.test(allowed.slice(uri.length))) {
    throw wrong(text, "after the URI there may be ;methods=A,B and then ;namespaces=a,b");
  }
  return { secretName: clientSecretName(clientName), uri, allowed };
}

function wrong(text: string, expected: string): UsageError {
  return new UsageError(`--client ${JSON.stringify(text)}: ${expected}`);
}
