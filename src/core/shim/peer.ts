import { ProviderError } from "../../api/errors.ts";
import { untilAborted } from "../../api/until-aborted.ts";
import { fromDescribeResponse, protocolRevision } from "../../wire/describe.ts";
import { ProviderService, type DescribeResponse } from "../../wire/gen/outboard/v1/provider.ts";
import type { Callee } from "./call-error.ts";
import type { Connection, Peer } from "./connection.ts";
import type { ShimMetrics } from "./metrics.ts";
import { unary } from "./unary.ts";

const timeout = 10_000;

/** What {@link findPeer} needs. */
export interface PeerQuestion {
  readonly connection: Connection;
  readonly callee: Callee;
  readonly metrics: ShimMetrics;
  readonly signal: AbortSignal;
}

/**
 * What the peer of a connection is. Asked once for each time it connects and for everybody; who leaves early disturbs
 * nobody. Only a Describe that the peer does not know makes it one of the prototype's. Rejects with ProviderError.
 */
export function findPeer({ signal, ...question }: PeerQuestion): Promise<Peer> {
  return untilAborted(
    question.connection.peer(() => describe(question)),
    signal,
  );
}

async function describe({ connection, callee, metrics }: Omit<PeerQuestion, "signal">): Promise<Peer> {
  let response: DescribeResponse;
  try {
    const signal = new AbortController().signal;
    const method = ProviderService.describe;
    response = await unary({ connection, method, request: {}, callee, signal, timeout, metrics });
  } catch (thrown) {
    const error = ProviderError.from(thrown);
    if (error.code === "Unsupported") return { outboard: false };
    // No description is that large: the length was read out of something that is no gRPC.
    if (error.code === "TooLarge") throw notGrpc(callee, error);
    throw error;
  }
  const description = fromDescribeResponse(response);
  if (description !== undefined) return { outboard: true, description };
  throw new ProviderError(
    "Unsupported",
    `provider ${callee.provider} at ${callee.serverName} speaks protocol revision ${response.protocolMin} to ` +
      `${response.protocolMax} and core ${protocolRevision}; bring both to one release`,
  );
}

function notGrpc({ provider, serverName }: Callee, cause: ProviderError): ProviderError {
  return new ProviderError("Internal", `provider ${provider} at ${serverName} answers something that is not gRPC`, {
    cause,
  });
}
