import { Server } from "@grpc/grpc-js";
import { promisify } from "node:util";
import type { ProviderDefinition } from "../host/definition.ts";
import { createHost } from "../host/host.ts";
import type { HostLimits } from "../host/limits.ts";
import type { Logger } from "../process/logs.ts";
import type { Registry } from "../process/metrics.ts";
import type { CertificateSource } from "../wire/certificates.ts";
import { ProviderService } from "../wire/gen/outboard/v1/provider.ts";
import { SecretStoreProviderService } from "../wire/gen/provider/v1/secretstore.ts";
import { peerIdentity } from "../wire/identity.ts";
import { limits } from "../wire/limits.ts";
import { listenTls, type TlsListener } from "../wire/tls-listener.ts";
import type { AllowedClient } from "./allow-client.ts";
import { addHealth } from "./health.ts";
import { adapterMetrics } from "./metrics.ts";
import { providerService } from "./provider-service.ts";
import { refusedHandshakes } from "./refused-handshakes.ts";
import { addService } from "./service.ts";
import { storeService } from "./store-service.ts";

/** What an adapter is made of. */
export interface AdapterOptions {
  readonly definition: ProviderDefinition;
  readonly certificates: CertificateSource;
  /** Who may call, asked at each call. */
  readonly allowClients: () => readonly AllowedClient[];
  /**
   * Age at which connections end, so that a replaced CA or client certificate does not live on in them; milliseconds,
   * give or take a tenth.
   */
  readonly maxConnectionAge: number;
  readonly hostLimits: HostLimits;
  readonly registry: Registry;
  readonly logger: Logger;
}

/** A provider behind gRPC. */
export interface AdapterServer {
  /** Starts to serve; the port it got. */
  listen(host: string, port: number): Promise<number>;
  /** What it still awaits before it serves, in words; empty: it serves. */
  ready(): readonly string[];
  /**
   * Says NOT_SERVING, takes no more calls, waits for those in flight, at most `timeout` milliseconds, and closes every
   * client. False: calls were cut off.
   */
  drain(timeout: number): Promise<boolean>;
}

/** Longest call that an aged connection still waits for, milliseconds. */
const connectionGrace = 150_000;

/** How long clients may take to close once no call is left, milliseconds. */
const closeTimeout = 1_000;

/** The generic adapter around `definition`. */
export function createServer(options: AdapterOptions): AdapterServer {
  const { definition, certificates, allowClients, maxConnectionAge, hostLimits, registry, logger } = options;
  // Channelz stays on: without it grpc-js does not know its sessions, and forceShutdown leaves calls running.
  const server = new Server({
    "grpc.max_receive_message_length": limits.requestBytes,
    "grpc.max_connection_age_ms": maxConnectionAge,
    "grpc.max_connection_age_grace_ms": connectionGrace,
  });
  const host = createHost({ definition, limits: hostLimits, now: Date.now });
  const metrics = adapterMetrics(registry, host);
  const environment = { identityOf: peerIdentity(), allowClients, metrics, logger };
  addService(server, environment, SecretStoreProviderService, storeService(definition, host));
  addService(server, environment, ProviderService, providerService({ definition, host, certificates }));
  const health = addHealth(server, environment);
  const onRefused = refusedHandshakes(registry, logger);
  let state: "starting" | "serving" | "draining" = "starting";
  let listener: TlsListener | undefined;

  return {
    listen: async (address, port) => {
      listener = await listenTls({ server, certificates, host: address, port, onRefused });
      state = "serving";
      return listener.port;
    },
    ready: () => {
      if (state === "serving") return [];
      return [state === "starting" ? "the port" : "calls in flight: it is shutting down"];
    },
    drain: async (timeout) => {
      state = "draining";
      // The server alone would not know: of connections that were handed to it, it does not wait for the end.
      const closed = listener?.close();
      health.stopServing();
      health.endWatches();
      const shutDown = promisify(server.tryShutdown.bind(server))();
      const ended = await within(timeout, Promise.all([shutDown, closed]));
      if (!ended) server.forceShutdown();
      const hostClosed = await within(closeTimeout, host.close());
      return ended && hostClosed;
    },
  };
}

/** Whether `work` ended within so many milliseconds. */
async function within(milliseconds: number, work: Promise<unknown>): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<false>();
  const timer = setTimeout(resolve, milliseconds, false);
  const inTime = await Promise.race([work.then(() => true), late]);
  clearTimeout(timer);
  return inTime;
}
