import { ProviderError } from "../../api/errors.ts";
import type { Read, ReadResult, SecretsClient } from "../../api/provider.ts";
import { toContext } from "../../wire/context.ts";
import { Context, Validation } from "../../wire/gen/outboard/v1/context.ts";
import { ProviderService, type ReadRequest } from "../../wire/gen/outboard/v1/provider.ts";
import { SecretStoreProviderService as methods } from "../../wire/gen/provider/v1/secretstore.ts";
import { toPush } from "../../wire/push.ts";
import { fromReadOutcome, toDataRemoteRef, toExternalSecretFind, toReadItem } from "../../wire/reads.ts";
import { carryContext, type Carry } from "./carried-context.ts";
import type { Envelope } from "./envelope.ts";
import type { Call, Session } from "./session.ts";

const callTimeout = 30_000;
const findTimeout = 120_000;
/** Number of the field `context` in requests of provider.v1 and in ReadRequest. */
const contextField = { data: 100, read: 1 };

/**
 * A SecretsClient whose provider is on the other side of a connection. `read` is there for peers that have it. Closing
 * gives the connection back.
 */
export function wireClient(session: Session, envelope: Envelope): SecretsClient {
  const { fields, context } = envelope;
  const encoded = context && Context.encode(toContext(context)).finish();
  const carry: Carry = encoded === undefined ? (method) => method : carryContext(encoded, contextField.data);
  const call: Call = (method, request, ...limits) => session.call(carry(method), request, ...limits);
  const client: SecretsClient = {
    async getSecret(ref, signal) {
      const request = { ...fields, remoteRef: toDataRemoteRef(ref) };
      return (await call(methods.getSecret, request, signal, callTimeout)).value;
    },
    async getSecretMap(ref, signal) {
      const request = { ...fields, remoteRef: toDataRemoteRef(ref) };
      return (await call(methods.getSecretMap, request, signal, callTimeout)).secrets;
    },
    async getAllSecrets(find, signal) {
      const request = { ...fields, find: toExternalSecretFind(find) };
      return (await call(methods.getAllSecrets, request, signal, findTimeout)).secrets;
    },
    async pushSecret(source, data, signal) {
      await call(methods.pushSecret, { ...fields, ...toPush(source, data) }, signal, callTimeout);
    },
    async deleteSecret(ref, signal) {
      await call(methods.deleteSecret, { ...fields, remoteRef: ref }, signal, callTimeout);
    },
    async secretExists(ref, signal) {
      return (await call(methods.secretExists, { ...fields, remoteRef: ref }, signal, callTimeout)).exists;
    },
    async validate(signal) {
      const { valid, error, info } = await call(methods.validate, fields, signal, callTimeout);
      const unknown = info?.validation === Validation.VALIDATION_UNKNOWN;
      if (valid) return unknown ? "Unknown" : "Ready";
      const message = session.presentText(error);
      if (unknown) return { undetermined: new ProviderError("Unavailable", message) };
      throw new ProviderError("InvalidConfig", message);
    },
    close: async () => session.close(),
  };
  if (encoded === undefined) return client;
  const read = carryContext(encoded, contextField.read)(ProviderService.read);
  return {
    ...client,
    async read(reads, signal) {
      const request: ReadRequest = { context: undefined, reads: reads.map(toReadItem) };
      const timeout = reads.some(({ op }) => op === "find") ? findTimeout : callTimeout;
      const { outcomes } = await session.call(read, request, signal, timeout);
      const results = outcomes.map(fromReadOutcome);
      checkResults(reads, results);
      return results.map((result) => ("error" in result ? { error: session.presentError(result.error) } : result));
    },
  };
}

/** A Read answers each of its reads with what was asked for, and at least the first of them now. */
function checkResults(reads: readonly Read[], results: readonly ReadResult[]): void {
  if (results.length !== reads.length) throw wrongAnswer(`holds ${results.length} results for ${reads.length} reads`);
  if (reads.length > 0 && results.every((result) => "deferred" in result))
    throw wrongAnswer("answers none of the reads");
  for (const [index, result] of results.entries()) {
    const unlike = reads[index]?.op === "get" ? "values" : "value";
    if (unlike in result) throw wrongAnswer(`is of another kind than read ${index}`);
  }
}

function wrongAnswer(what: string): ProviderError {
  return new ProviderError("Internal", `the provider's answer to Read ${what}; its log may say why`);
}
