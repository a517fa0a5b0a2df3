import { Metadata, type CallOptions, type Client, type ServiceError } from "@grpc/grpc-js";
import type { Test } from "tap";
import type { Operation, Provider, SecretsClient } from "../src/api/provider.ts";
import { createCa, issueLeaf } from "../src/certs/issue.ts";
import type { StoreDefinition } from "../src/host/definition.ts";
import { defaultLimits } from "../src/host/limits.ts";
import { createLogger } from "../src/process/logs.ts";
import { createRegistry } from "../src/process/metrics.ts";
import { certificates, type Certificates } from "../src/wire/certificates.ts";
import { channelCredentials } from "../src/wire/channel-credentials.ts";
import { encodeSpec, toContext, type CallContext } from "../src/wire/context.ts";
import { HealthClient } from "../src/wire/gen/grpc/health/v1/health.ts";
import { ProviderClient, type ReadItem } from "../src/wire/gen/outboard/v1/provider.ts";
import { SecretStoreProviderClient } from "../src/wire/gen/provider/v1/secretstore.ts";
import { fromReadOutcome, toDataRemoteRef, toReadItem } from "../src/wire/reads.ts";
import { fromStatus } from "../src/wire/status.ts";
import { parseAllowClient } from "../src/adapter/allow-client.ts";
import { createServer } from "../src/adapter/server.ts";

// For tests of the adapter: a server over a provider made for the test, and clients of it.

export const mebibyte = 1024 * 1024;
export const bytes = (text: string) => new TextEncoder().encode(text);

/** Whom a server of {@link start} lets in unless told otherwise. */
export const coreUri = "spiffe://cluster.local/ns/outboard/sa/core";

const hour = 3_600_000;
const now = Date.now();
const serverName = "test.secrets.svc";
const authority = await createCa({ commonName: "test", validity: hour, now });

/** The certificates of a client of this URI. */
export async function client(uri: string): Promise<Certificates> {
  const { certPem, keyPem } = await issueLeaf({ ca: authority, usage: "client", uris: [uri], validity: hour, now });
  return { ca: authority.certPem, cert: certPem, key: keyPem };
}

const serverLeaf = await issueLeaf({ ca: authority, usage: "server", dnsNames: [serverName], validity: hour, now });
/** The server's certificates. */
export const serverPair: Certificates = { ca: authority.certPem, cert: serverLeaf.certPem, key: serverLeaf.keyPem };

/** The certificates of core. */
export const corePair = await client(coreUri);

/** Schema of what is under key "test". */
export const spec = {
  type: "object",
  properties: {
    url: { type: "string" },
    tokenSecretRef: {
      type: "object",
      properties: { name: { type: "string" }, namespace: { type: "string" }, key: { type: "string" } },
      "x-outboard-ref": { kind: "Secret" },
    },
  },
};

/** A call that no test makes. */
export const unused = async (): Promise<never> => {
  throw new Error("not a part of this test");
};

/** A client none of whose calls is expected. */
export const idle: SecretsClient = {
  getSecret: unused,
  getSecretMap: unused,
  getAllSecrets: unused,
  pushSecret: unused,
  deleteSecret: unused,
  secretExists: unused,
  validate: unused,
  close: async () => {},
};

/** A provider whose client does what is given and nothing else. */
export function testProvider(secretsClient: Partial<SecretsClient>, provider: Partial<Provider> = {}): Provider {
  return {
    name: "test",
    capabilities: async (): Promise<readonly Operation[]> => ["get", "map", "push"],
    validateStore: async () => ({ warnings: [], errors: [] }),
    newClient: async () => ({ ...idle, ...secretsClient }),
    ...provider,
  };
}

interface Started {
  readonly provider: Provider;
  readonly allow?: readonly string[];
  readonly perStore?: number;
  /** Beside the store "test". */
  readonly more?: readonly StoreDefinition[];
}

/** A server of the adapter, and clients of it with core's certificates; `dial` makes others. */
export async function start(t: Test, { provider, allow = [coreUri], perStore = 128, more = [] }: Started) {
  const lines: string[] = [];
  const registry = createRegistry();
  const server = createServer({
    definition: {
      name: "test",
      displayName: "Test",
      version: "1.2.3",
      stores: [{ key: "test", provider, spec }, ...more],
    },
    certificates: certificates(serverPair),
    allowClients: () => allow.map(parseAllowClient),
    maxConnectionAge: 300_000,
    hostLimits: { ...defaultLimits, inFlightPerStore: perStore },
    registry,
    logger: createLogger({ name: "test", level: "info", destination: { write: (line) => void lines.push(line) } }),
  });
  const port = await server.listen("127.0.0.1", 0);
  t.teardown(() => server.drain(0));
  const dial = (pair: Certificates, to = port) => {
    const credentials = channelCredentials(certificates(pair), serverName);
    const options = {
      "grpc.max_receive_message_length": 16 * mebibyte,
      "grpc.max_send_message_length": 16 * mebibyte,
      "grpc.enable_http_proxy": 0,
      "grpc.use_local_subchannel_pool": 1,
    };
    const address = `127.0.0.1:${to}`;
    const clients = {
      store: new SecretStoreProviderClient(address, credentials, options),
      provider: new ProviderClient(address, credentials, options),
      health: new HealthClient(address, credentials, options),
    };
    t.teardown(() => Object.values(clients).forEach((each: Client) => each.close()));
    return clients;
  };
  return { server, port, registry, lines, dial, ...dial(corePair) };
}

/** Options of a call with this much time. */
export const options = (milliseconds = 60_000): CallOptions => ({ deadline: Date.now() + milliseconds });

/** A call's answer; what went wrong arrives as the shim would see it. */
export function ask<Response>(
  make: (
    metadata: Metadata,
    options: CallOptions,
    callback: (error: ServiceError | null, response: Response) => void,
  ) => unknown,
  callOptions = options(),
): Promise<Response> {
  const { promise, resolve, reject } = Promise.withResolvers<Response>();
  make(new Metadata(), callOptions, (error, response) => (error ? reject(fromStatus(error)) : resolve(response)));
  return promise;
}

/** For which store the calls are: it refers to one Secret, which comes along. */
export const callContext: CallContext = {
  store: {
    apiVersion: "external-secrets.io/v1",
    kind: "SecretStore",
    namespace: "team",
    name: "main",
    uid: "u1",
    generation: 1,
  },
  spec: encodeSpec({ provider: { test: { url: "https://x", tokenSecretRef: { name: "creds", key: "token" } } } }),
  callerNamespace: "team",
  credentials: [
    {
      path: "/provider/test/tokenSecretRef",
      kind: "Secret",
      namespace: "team",
      name: "creds",
      keys: new Map([["token", bytes("t0ken")]]),
    },
  ],
  digest: "aa",
  ambient: false,
};

/** {@link callContext} on the wire. */
export const context = toContext(callContext);

/** What stands in the prototype's requests beside our context: nothing. */
export const emptyFields = { providerRef: undefined, compatibilityStore: undefined, sourceNamespace: "" };

/** What {@link get} asks for. */
export const remoteRef = toDataRemoteRef({ key: "db" });
/** A GetSecret of {@link remoteRef}. */
export const getRequest = { ...emptyFields, remoteRef, context };

/** The answer to {@link getRequest}. */
export const get = (started: { readonly store: SecretStoreProviderClient }, callOptions = options()) =>
  ask<{ value: Uint8Array }>((m, o, c) => started.store.getSecret(getRequest, m, o, c), callOptions);

/** What Read answers to these reads. */
export const read = (started: { readonly provider: ProviderClient }, reads: ReadItem[], callOptions = options()) =>
  ask<{ outcomes: Parameters<typeof fromReadOutcome>[0][] }>(
    (m, o, c) => started.provider.read({ context, reads }, m, o, c),
    callOptions,
  ).then(({ outcomes }) => outcomes.map(fromReadOutcome));
/** A read of one value, for {@link read}. */
export const getItem = (key: string) => toReadItem({ op: "get", ref: { key } });

/** The value of a series, 0 when there is none. */
export async function counted(registry: ReturnType<typeof createRegistry>, series: string): Promise<number> {
  const line = (await registry.metrics()).split("\n").find((candidate) => candidate.startsWith(`${series} `));
  return Number(line?.split(" ").at(-1) ?? 0);
}
