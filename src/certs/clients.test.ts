import { test } from "tap";
import { UsageError } from "../process/settings.ts";
import { clientsOf } from "./clients.ts";

const where = { systemNamespace: "outboard", trustDomain: "example.org" };

test("core and webhook are clients, and who is named", (t) => {
  t.strictSame(clientsOf(where, ["reader=spiffe://other/ns/a/sa/b;methods=Read,Describe;namespaces=a,b"]), [
    {
      secretName: "eso-provider-client-tls",
      uri: "spiffe://example.org/ns/outboard/sa/outboard-core",
      allowed: "spiffe://example.org/ns/outboard/sa/outboard-core",
    },
    {
      secretName: "eso-provider-webhook-client-tls",
      uri: "spiffe://example.org/ns/outboard/sa/outboard-webhook",
      allowed: "spiffe://example.org/ns/outboard/sa/outboard-webhook;methods=Describe,ValidateStore",
    },
    {
      secretName: "eso-provider-reader-client-tls",
      uri: "spiffe://other/ns/a/sa/b",
      allowed: "spiffe://other/ns/a/sa/b;methods=Read,Describe;namespaces=a,b",
    },
  ]);
  t.end();
});

test("a --client that is no good is refused, and says what is", (t) => {
  const table: readonly (readonly [values: readonly string[], message: RegExp])[] = [
    [["spiffe://a/b"], /starts with NAME=/],
    [["Reader=spiffe://a/b"], /lower case/],
    [["reader=a/b"], /comes the URI/],
    [["reader=spiffe://a/b,c"], /comes the URI/],
    [['reader=spiffe://a/"b"'], /comes the URI/],
    [["reader=spiffe://a/b\nspiffe://c/d"], /comes the URI/],
    [["reader=spiffe://a/b;methods="], /after the URI/],
    [["reader=spiffe://a/b;namespaces=a\nspiffe://c/d"], /after the URI/],
    [["webhook=spiffe://a/b"], /two clients would have the Secret eso-provider-webhook-client-tls/],
    [["a=spiffe://a/b", "b=spiffe://a/b"], /two clients have the URI/],
  ];
  for (const [values, message] of table) {
    t.throws(() => clientsOf(where, values), { name: UsageError.name, message }, values.join(" "));
  }
  t.end();
});
