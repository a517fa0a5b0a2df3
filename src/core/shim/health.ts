import { status, type Client } from "@grpc/grpc-js";
import { HealthCheckResponse_ServingStatus, HealthService } from "../../wire/gen/grpc/health/v1/health.ts";

/** What is known of the health of a connection's server. */
export interface Health {
  /** Whether it takes calls; undefined: it was not asked yet, or has not answered yet. */
  serving(): boolean | undefined;
  /** Asks it, unless it is being asked. */
  ask(): void;
  /** Another server may answer next time. */
  forget(): void;
}

/** Makes a {@link Health}; a server that does not answer within `timeout` milliseconds takes no calls. */
export function createHealth(client: Client, timeout: number): Health {
  let known: boolean | undefined;
  let asked: Promise<boolean> | undefined;
  return {
    serving: () => known,
    ask() {
      if (asked !== undefined) return;
      const asking = check(client, timeout);
      asked = asking;
      void asking.then((serving) => {
        if (asked !== asking) return;
        asked = undefined;
        known = serving;
      });
    },
    forget() {
      known = undefined;
      asked = undefined;
    },
  };
}

/** grpc.health.v1, by a call and not by its stream, which would outlive calls. A server that cannot say takes calls. */
function check(client: Client, timeout: number): Promise<boolean> {
  const { path, requestSerialize: write, responseDeserialize: read } = HealthService.check;
  return new Promise((resolve) => {
    client.makeUnaryRequest(path, write, read, { service: "" }, { deadline: Date.now() + timeout }, (error, answer) => {
      if (answer !== undefined) resolve(answer.status === HealthCheckResponse_ServingStatus.SERVING);
      else resolve(error?.code !== status.DEADLINE_EXCEEDED && error?.code !== status.UNAVAILABLE);
    });
  });
}
