import { createConnections } from "./connections.ts";
import { createCredentials } from "./credentials.ts";
import { podIdentity, type Identity } from "./identity.ts";
import { readKubeconfig } from "./kubeconfig.ts";
import { createRateLimit, type Rate } from "./rate-limit.ts";
import { createTransport, type AnswerListener, type Transport } from "./transport.ts";

/** Which API server, and how it is asked. */
export interface ConnectOptions {
  /** Path of a kubeconfig, of which the current context counts; else the Pod's own ServiceAccount. */
  readonly kubeconfig?: string;
  /** Most requests per second; without it the API server's own limits count. */
  readonly rate?: Rate;
  readonly userAgent: string;
  readonly onAnswer?: AnswerListener;
}

/** Rejects when there is no usable kubeconfig or account; whether the API server answers shows at the first request. */
export async function connect({ kubeconfig, rate, userAgent, onAnswer }: ConnectOptions): Promise<Transport> {
  const identity: Identity = kubeconfig === undefined ? podIdentity() : await readKubeconfig(kubeconfig);
  return createTransport({
    connections: createConnections(identity),
    host: new URL(identity.cluster.server).host,
    credentials: createCredentials(identity, Date.now),
    userAgent,
    ...(onAnswer && { onAnswer }),
    ...(rate && { rateLimit: createRateLimit(rate, () => performance.now()) }),
  });
}
