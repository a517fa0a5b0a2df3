import {
  Server,
  type MethodDefinition,
  type sendUnaryData,
  type ServerUnaryCall,
  type ServiceDefinition,
  type ServiceError,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { ProviderError } from "../src/api/errors.ts";
import type { Operation } from "../src/api/provider.ts";
import type { Reference } from "../src/api/references.ts";
import { createCa, issueLeaf, type KeyPair } from "../src/certs/issue.ts";
import { certificates, type CertificateSource } from "../src/wire/certificates.ts";
import { toDescribeResponse } from "../src/wire/describe.ts";
import { ProviderService } from "../src/wire/gen/outboard/v1/provider.ts";
import { HealthService } from "../src/wire/gen/grpc/health/v1/health.ts";
import { SecretStoreProviderService } from "../src/wire/gen/provider/v1/secretstore.ts";
import { listenTls } from "../src/wire/tls-listener.ts";
import { toStatus } from "../src/wire/status.ts";
import type { Endpoint } from "../src/core/resolve/endpoint.ts";

// For tests of the shim: a real gRPC server over mutual TLS that answers as a script says.

/** The name of scripted peers. */
export const serverName = "provider-vault.system.svc";

const day = 24 * 60 * 60 * 1000;

/** A CA with leaves for both ends. */
export interface Authority {
  readonly client: CertificateSource;
  /** A server's pair; by default valid from now on and for {@link serverName}. */
  server(dnsName?: string, validity?: number, from?: number): Promise<CertificateSource>;
}

/** Makes an {@link Authority}. */
export async function createAuthority(): Promise<Authority> {
  const now = Date.now();
  const ca = await createCa({ commonName: "test", validity: day, now });
  const source = ({ certPem: cert, keyPem: key }: KeyPair) => certificates({ ca: ca.certPem, cert, key });
  const uris = ["spiffe://outboard.local/ns/system/sa/core"];
  return {
    client: source(await issueLeaf({ ca, usage: "client", uris, validity: day, now })),
    server: async (dnsName = serverName, validity = day, from = now) =>
      source(await issueLeaf({ ca, usage: "server", dnsNames: [dnsName], validity, now: from })),
  };
}

type Handlers<Service> = {
  readonly [Method in keyof Service]?: Service[Method] extends MethodDefinition<infer Request, infer Response>
    ? (request: Request, call: ServerUnaryCall<Request, Response>) => Response | Buffer | Promise<Response | Buffer>
    : never;
};

/** Answers by method; a Buffer goes out as it is. What is missing is UNIMPLEMENTED, what is thrown a status. */
export type Script = Handlers<typeof ProviderService> &
  Handlers<typeof SecretStoreProviderService> &
  Handlers<Pick<typeof HealthService, "check">>;

/** A running peer. */
export interface ScriptedPeer {
  readonly endpoint: Endpoint;
  /** Its one address. */
  readonly address: string;
  /** How often each method was called. */
  readonly calls: ReadonlyMap<string, number>;
  /** All requests so far as they came, one after the other. */
  received(): Buffer;
  kill(): void;
}

/** What {@link startPeer} takes. */
export interface PeerOptions {
  readonly script: Script;
  readonly server: CertificateSource;
  readonly client: CertificateSource;
  readonly port?: number;
  /** IP address that it listens on; loopback by default. */
  readonly host?: string;
  /** Whether outboard.v1.Provider is served; not by peers of the prototype. */
  readonly outboard?: boolean;
  /** After which time it asks to be connected anew, milliseconds. */
  readonly connectionAge?: number;
}

/** Starts a peer. */
export async function startPeer({
  script,
  server,
  client,
  port = 0,
  host = "127.0.0.1",
  outboard = true,
  connectionAge,
}: PeerOptions): Promise<ScriptedPeer> {
  const calls = new Map<string, number>();
  const requests: Buffer[] = [];
  const keep = (request: Buffer) => void requests.push(request);
  const answers = new Map<string, (request: never, call: never) => unknown>(Object.entries(script));
  const handlers = (service: ServiceDefinition): UntypedServiceImplementation =>
    Object.fromEntries(
      Object.keys(service).flatMap((method) => {
        const answer = answers.get(method);
        if (answer === undefined) return [];
        const handle = (call: unknown, callback: sendUnaryData<unknown>) => {
          calls.set(method, (calls.get(method) ?? 0) + 1);
          const { request } = call as { request: never };
          Promise.resolve()
            .then(() => answer(request, call as never))
            .then((response) => callback(null, response))
            .catch((error: unknown) =>
              callback(error instanceof ProviderError ? toStatus(error) : (error as ServiceError)),
            );
        };
        return [[method, handle]];
      }),
    );
  const grpc = new Server({
    "grpc.max_receive_message_length": -1,
    "grpc.max_send_message_length": -1,
    ...(connectionAge !== undefined && { "grpc.max_connection_age_ms": connectionAge }),
  });
  if (script.check !== undefined) grpc.addService(raw({ check: HealthService.check }, keep), handlers(HealthService));
  for (const service of outboard ? [SecretStoreProviderService, ProviderService] : [SecretStoreProviderService]) {
    grpc.addService(raw(service, keep), handlers(service));
  }
  const listener = await listenTls({ server: grpc, certificates: server, host, port });
  const address = `${host}:${listener.port}`;
  return {
    address,
    endpoint: { addresses: [address], serverName, trust: "test", certificates: client },
    calls,
    received: () => Buffer.concat(requests),
    kill: () => {
      void listener.close();
      grpc.forceShutdown();
    },
  };
}

/** The same service, with Buffers as answers that are sent as they are; `keep` gets each request as it came. */
function raw(service: ServiceDefinition, keep: (request: Buffer) => void): ServiceDefinition {
  return Object.fromEntries(
    Object.entries(service).map(([name, method]) => [
      name,
      {
        ...method,
        requestDeserialize: (bytes: Buffer): unknown => {
          keep(bytes);
          return method.requestDeserialize(bytes);
        },
        responseSerialize: (value: unknown) => (Buffer.isBuffer(value) ? value : method.responseSerialize(value)),
      },
    ]),
  );
}

/** A Describe that serves vault, with these references. */
export function describeVault(references: readonly Reference[] = []) {
  const operations: readonly Operation[] = ["get", "find"];
  const key = { key: "vault", operations, references, sharesClients: false };
  const description = {
    name: "vault",
    version: "1",
    keys: [key],
    kinds: [],
    trustBundleDigest: new Uint8Array(),
    leafSerial: "",
  };
  return () => toDescribeResponse(description);
}
