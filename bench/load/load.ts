import type { Certificates } from "../../src/wire/certificates.ts";
import { secretValue, type StoreShape } from "./store.ts";

/** Where a client finds its server, and what it proves itself with. */
export interface Target {
  readonly port: number;
  readonly serverName: string;
  readonly certificates: Certificates;
}

/** What a client is to do. */
export interface Load {
  readonly store: StoreShape;
  /** Secrets that one call reads; 1: a GetSecret, more: a Read. */
  readonly reads: number;
  /** Calls at a time. */
  readonly inFlight: number;
  readonly milliseconds: number;
}

/** What a client process is told, by Node's IPC. */
export interface LoadOrder {
  readonly target: Target;
  readonly load: Load;
}

/** What it answers once the time is over and its last call has ended. */
export interface LoadDone {
  readonly calls: number;
}

/** Makes one call again and again; resolves with the values that it read. */
export type Operation = () => Promise<readonly Uint8Array[]>;

/** The whole of a client process: runs each load that its parent orders, with what `prepare` makes of it. */
export function serveLoads(prepare: (order: LoadOrder) => Promise<Operation>): void {
  process.on("message", (order: LoadOrder) => {
    void run(order, prepare).then((done) => process.send?.(done));
  });
  process.on("disconnect", () => process.exit());
}

async function run(order: LoadOrder, prepare: (order: LoadOrder) => Promise<Operation>): Promise<LoadDone> {
  const { inFlight, milliseconds, reads } = order.load;
  const operation = await prepare(order);
  const end = performance.now() + milliseconds;
  let calls = 0;
  const worker = async () => {
    while (performance.now() < end) {
      const values = await operation();
      if (values.length !== reads || values.some(({ length }) => length !== secretValue.length)) {
        throw new Error("the server answered something else than the secrets");
      }
      calls += 1;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  return { calls };
}
