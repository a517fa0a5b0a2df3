import type { Server, ServerWritableStream } from "@grpc/grpc-js";
import { ProviderError } from "../api/errors.ts";
import {
  HealthCheckResponse_ServingStatus as ServingStatus,
  HealthService,
  type HealthCheckRequest,
  type HealthCheckResponse,
} from "../wire/gen/grpc/health/v1/health.ts";
import { toStatus } from "../wire/status.ts";
import { authorize, unary, type CallEnvironment } from "./call.ts";
import { serviceNames } from "./methods.ts";

type Watcher = ServerWritableStream<HealthCheckRequest, HealthCheckResponse>;

/** grpc.health.v1 for the server as a whole and each of its services. */
export interface Health {
  /** From now on NOT_SERVING; those who watch are told. */
  stopServing(): void;
  /** Ends the streams of those who watch: they would outlive every drain. */
  endWatches(): void;
}

/** Adds the health service to `server`, SERVING. Whoever `--allow-client` names may ask. */
export function addHealth(server: Server, environment: CallEnvironment): Health {
  const watchers = new Set<Watcher>();
  let status: ServingStatus = ServingStatus.SERVING;
  const statusOf = (service: string): ServingStatus | undefined =>
    service === "" || serviceNames.includes(service) ? status : undefined;

  const check = async ({ service }: HealthCheckRequest): Promise<HealthCheckResponse> => {
    const known = statusOf(service);
    // NoSecret is NOT_FOUND, which the protocol asks for.
    if (known === undefined) throw new ProviderError("NoSecret", "no such service");
    return { status: known };
  };
  const watch = (call: Watcher): void => {
    try {
      authorize(environment, "Watch", call);
    } catch (thrown) {
      call.emit("error", toStatus(ProviderError.from(thrown)));
      return;
    }
    watchers.add(call);
    for (const event of ["cancelled", "close"]) call.once(event, () => watchers.delete(call));
    call.write({ status: statusOf(call.request.service) ?? ServingStatus.SERVICE_UNKNOWN });
  };

  server.addService(
    { ...HealthService, check: { ...HealthService.check, responseSerialize: (bytes: Buffer) => bytes } },
    { check: unary(environment, HealthService.check, check), watch },
  );
  return {
    stopServing: () => {
      status = ServingStatus.NOT_SERVING;
      for (const call of watchers) {
        if (statusOf(call.request.service) !== undefined) call.write({ status });
      }
    },
    endWatches: () => {
      for (const call of watchers) call.end();
    },
  };
}
