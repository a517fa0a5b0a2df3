import { ProviderError } from "../api/errors.ts";
import type { Read, ReadResult } from "../api/provider.ts";
import { referencesOf } from "../api/references.ts";
import type { ProviderDefinition, StoreDefinition } from "../host/definition.ts";
import type { Host } from "../host/host.ts";
import { identify, type CertificateSource } from "../wire/certificates.ts";
import { toDescribeResponse, type ServedKey, type ServedKind } from "../wire/describe.ts";
import type { ProviderService, ReadItem } from "../wire/gen/outboard/v1/provider.ts";
import { limits } from "../wire/limits.ts";
import { fromReadItem, toReadOutcome } from "../wire/reads.ts";
import { runReads } from "./run-reads.ts";
import type { Handlers } from "./service.ts";
import { hostCall } from "./store-service.ts";

const budget = {
  total: limits.readBudgetBytes,
  // What surrounds a single answer, the deferred ones beside it included, fits into 64 KiB.
  answer: limits.responseBytes - 64 * 1024,
};

/** What {@link providerService} needs. */
export interface ProviderServiceOptions {
  readonly definition: ProviderDefinition;
  readonly host: Host;
  readonly certificates: CertificateSource;
}

/** outboard.v1.Provider over the host. */
export function providerService({
  definition,
  host,
  certificates,
}: ProviderServiceOptions): Handlers<typeof ProviderService> {
  return {
    describe: async (_request, { signal }) => {
      const inUse = certificates.current();
      return toDescribeResponse({
        name: definition.name,
        version: definition.version,
        ...(await served(definition.stores, signal)),
        ...(inUse === undefined ? { trustBundleDigest: new Uint8Array(), leafSerial: "" } : identify(inUse)),
      });
    },
    read: async (request, call) => {
      if (request.reads.length > limits.reads) {
        throw new ProviderError(
          "TooLarge",
          `${request.reads.length} reads at once, and a Read may have ${limits.reads}`,
        );
      }
      const asked = request.reads.map(understood);
      const reads = asked.filter((read) => "op" in read);
      const results = await host.use(hostCall(request, call), call.end(), (client) =>
        runReads(client, reads, budget, call.signal),
      );
      // Other errors say all there is; of these the message says no more than that the log does.
      for (const result of results)
        if ("error" in result && result.error.code === "Internal") call.partFailed(result.error);
      return { outcomes: inOrder(asked, results).map(toReadOutcome), info: undefined };
    },
    validateStore: async (request, call) => {
      const { warnings, errors } = await host.validateStore(hostCall(request, call), call.signal);
      return { warnings: [...warnings], errors: [...errors] };
    },
  };
}

/** A store is served by its key, and by its kind if it has one. */
async function served(stores: readonly StoreDefinition[], signal: AbortSignal) {
  const keys: ServedKey[] = [];
  const kinds: ServedKind[] = [];
  for (const { key, provider, spec, kind } of stores) {
    const operations = await provider.capabilities(signal);
    const references = referencesOf(spec);
    keys.push({ key, operations, references, sharesClients: provider.sharesClients ?? false });
    if (kind !== undefined) kinds.push({ ...kind, operations, references });
  }
  return { keys, kinds };
}

/** An item as a read, or as the result of not being one: a bad item fails alone. */
function understood(item: ReadItem): Read | ReadResult {
  try {
    return fromReadItem(item);
  } catch (thrown) {
    return { error: ProviderError.from(thrown) };
  }
}

function inOrder(asked: readonly (Read | ReadResult)[], results: readonly ReadResult[]): readonly ReadResult[] {
  const next = results.values();
  return asked.map((read) => ("op" in read ? (next.next().value ?? { deferred: true }) : read));
}
