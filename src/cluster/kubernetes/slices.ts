import { ClusterError, type Change, type ObjectKey } from "../cluster.ts";
import type { EndpointSliceObject } from "../services.ts";
import { listPath, placeOf, serviceResource, sliceResource } from "./paths.ts";
import type { Reflector } from "./reflector.ts";
import type { Feed } from "./reflectors.ts";
import { sliceObject } from "./service-objects.ts";
import { createView } from "./view.ts";

/** What {@link followSlices} needs. */
export interface SlicesOptions {
  readonly service: ObjectKey;
  /** Milliseconds after the last reading until it ends by itself. */
  readonly idle: number;
  readonly start: (feed: Feed) => Reflector;
  readonly changed: (change: Change) => void;
  /** Hears that it has ended, once. */
  readonly onStop: () => void;
}

/** The EndpointSlices of one Service, listed and watched. */
export interface FollowedSlices {
  /** Waits for the first list; rejects with ClusterError when that fails, and with the signal's reason. */
  read(signal: AbortSignal): Promise<readonly EndpointSliceObject[]>;
  stop(): void;
}

export function followSlices({ service, idle, start, changed, onStop }: SlicesOptions): FollowedSlices {
  const { namespace, name } = service;
  let listed = Promise.withResolvers<void>();
  let isListed = false;
  let isStopped = false;
  /** Those who wait hear it; who comes later waits for the next try. */
  const fail = (error: Error) => {
    if (isListed) return;
    // Perhaps nobody waits.
    listed.promise.catch(() => undefined);
    listed.reject(error);
    listed = Promise.withResolvers();
  };
  const view = createView({
    convert: sliceObject,
    sourceOf: () => "",
    changed: () => changed({ kind: sliceResource.kind, key: service }),
  });
  const sink = view.sink("");
  const reflector = start({
    selection: {
      name: `endpointslices of ${namespace}/${name}`,
      path: listPath(sliceResource, namespace),
      labelSelector: `kubernetes.io/service-name=${name}`,
      form: "whole",
    },
    sink: {
      ...sink,
      commit: () => {
        sink.commit();
        isListed = true;
        listed.resolve();
      },
    },
    onTrouble: fail,
  });
  const stop = () => {
    if (isStopped) return;
    isStopped = true;
    clearTimeout(timer);
    fail(new ClusterError("NotFound", `${placeOf(serviceResource, service)} is gone`));
    void reflector.stop();
    onStop();
  };
  // Never the reason why a process goes on.
  const timer = setTimeout(stop, idle).unref();
  return {
    read: async (signal) => {
      timer.refresh();
      await within(signal, listed.promise);
      return view.list();
    },
    stop,
  };
}

/** Rejects with the signal's reason when that comes first. */
async function within(signal: AbortSignal, promise: Promise<void>): Promise<void> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
