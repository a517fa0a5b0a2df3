import { Metadata, status, type ServiceError } from "@grpc/grpc-js";
import { test } from "tap";
import type { Code } from "../../api/errors.ts";
import { ResolutionError } from "../resolve/resolution-error.ts";
import { callError } from "./call-error.ts";

/** As grpc-js makes it, of a status that did not come from the peer. */
const local = (code: status, details: string): ServiceError =>
  Object.assign(new Error(details), { code, details, metadata: new Metadata() });

test("what kept a call from its provider is said in the store's condition, what happened later is not", async (t) => {
  const refused = (why: string) => `No connection established. Last error: Error: ${why}. Resolution note: `;
  const rows: readonly [details: string, says: string, inCondition: boolean][] = [
    [refused("the server's certificate is not for a.b.svc"), "its certificate is not for that name", true],
    [refused("certificate has expired"), "its certificate has expired", true],
    [refused("certificate is not yet valid"), "its certificate is not valid yet; compare the clocks", true],
    [refused("self-signed certificate"), "its certificate is not signed by the CA that core trusts for it", true],
    [refused("unsuitable certificate purpose"), "its certificate is not for servers", true],
    [refused("tlsv1 alert protocol version"), "it does not speak TLS 1.3, the only version that connections use", true],
    ["Stream refused by server", "it is closing its connections; it is tried again by itself", true],
    ["Connection dropped", "the connection was lost during the call; it is tried again by itself", false],
  ];
  for (const [details, says, inCondition] of rows) {
    const error = callError(local(status.UNAVAILABLE, details), { provider: "vault", serverName: "vault.system.svc" });
    t.match(error, { code: "Unavailable", message: `provider vault at vault.system.svc is not reachable: ${says}` });
    t.equal(error instanceof ResolutionError, inCondition, details);
  }
});

test("what grpc-js says of a call becomes what someone can act on, without addresses and times", async (t) => {
  const rows: readonly [code: status, details: string, expected: Code, says: string][] = [
    [
      status.DEADLINE_EXCEEDED,
      "Deadline exceeded after 30.001s,LB pick: 0.001s,remote_addr=127.0.0.1:4711",
      "DeadlineExceeded",
      "did not answer in time",
    ],
    [
      status.DEADLINE_EXCEEDED,
      "Deadline exceeded after 30.001s,Waiting for LB pick",
      "DeadlineExceeded",
      "could not be connected to in time",
    ],
    [
      status.UNAVAILABLE,
      "No connection established. Last error: Protocol error (2026-11-24T11:15:56.109Z). Resolution note: ",
      "Unavailable",
      "is not reachable: what answers there does not speak HTTP/2",
    ],
    [
      status.INTERNAL,
      "Response message parsing error: 127.0.0.1",
      "Internal",
      "sent an answer that cannot be read; its log may say why",
    ],
  ];
  for (const [code, details, expected, says] of rows) {
    const error = callError(local(code, details), { provider: "vault", serverName: "vault.system.svc" });
    t.match(error, { code: expected, message: `provider vault at vault.system.svc ${says}` }, details);
  }
});
