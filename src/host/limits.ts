/** What bounds a host. Times in milliseconds. */
export interface HostLimits {
  /** Clients kept, over all stores. */
  readonly clients: number;
  /** A client that served nothing for so long is closed. */
  readonly clientIdle: number;
  /** How long making a client may take, whoever waits for it. */
  readonly clientCreation: number;
  /** Checked specs kept: how many, and how many bytes of their JSON. */
  readonly specs: number;
  readonly specBytes: number;
  /** Calls in flight, over all stores. One namespace may have half of them. */
  readonly inFlight: number;
  /** Calls in flight for one store. Of a cluster store's, one namespace may have half. */
  readonly inFlightPerStore: number;
}

/** The limits that hold unless settings say otherwise. */
export const defaultLimits: HostLimits = {
  clients: 2_048,
  clientIdle: 600_000,
  clientCreation: 30_000,
  specs: 2_048,
  specBytes: 64 * 1024 * 1024,
  inFlight: 1_024,
  inFlightPerStore: 128,
};
