import { abortError, untilAborted } from "../../api/until-aborted.ts";

/** Runs `start` once for all who ask for the same key meanwhile; its signal aborts when the last of them has left. */
export type Share<T> = (key: string, signal: AbortSignal, start: (signal: AbortSignal) => Promise<T>) => Promise<T>;

interface Flight<T> {
  readonly result: Promise<T>;
  readonly controller: AbortController;
  waiting: number;
}

/** Makes a {@link Share}. Who leaves early gets Cancelled or DeadlineExceeded and disturbs nobody else. */
export function createFlights<T>(): Share<T> {
  const flights = new Map<string, Flight<T>>();

  function depart(key: string, start: (signal: AbortSignal) => Promise<T>): Flight<T> {
    const controller = new AbortController();
    const result = start(controller.signal);
    const flight: Flight<T> = { result, controller, waiting: 0 };
    flights.set(key, flight);
    return flight;
  }

  return async (key, signal, start) => {
    if (signal.aborted) throw abortError(signal);
    const flight = flights.get(key) ?? depart(key, start);
    flight.waiting += 1;
    try {
      return await untilAborted(flight.result, signal);
    } finally {
      flight.waiting -= 1;
      if (flight.waiting === 0) {
        flights.delete(key);
        flight.controller.abort();
      }
    }
  };
}
