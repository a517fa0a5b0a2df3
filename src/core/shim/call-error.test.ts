import { Metadata, status, type ServiceError } from "@grpc/grpc-js";
import { test } from "tap";
import type { Code } from "../../api/errors.ts";
import { callError } from "./call-error.ts";

/** As grpc-js makes it, of a status that did not come from the peer. */
const local = (code: status, details: string): ServiceError =>
  Object.assign(new Error(details), { code, details, metadata: new Metadata() });

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
