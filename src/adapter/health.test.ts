import t from "tap";
import { ask, bytes, corePair, get, start, testProvider } from "../../test/adapter-fixture.ts";
import { until } from "../../test/local-world.ts";
import { HealthCheckResponse_ServingStatus as ServingStatus } from "../wire/gen/grpc/health/v1/health.ts";

t.test("health: Check and Watch tell SERVING, then NOT_SERVING before the port closes", async (t) => {
  const { promise, resolve } = Promise.withResolvers<Uint8Array>();
  let inFlight = 0;
  const started = await start(t, {
    provider: testProvider({
      getSecret: () => {
        inFlight += 1;
        return promise;
      },
    }),
  });
  const check = (service: string) => ask((m, o, c) => started.health.check({ service }, m, o, c));
  for (const service of ["", "provider.v1.SecretStoreProvider", "outboard.v1.Provider"]) {
    t.match(await check(service), { status: ServingStatus.SERVING }, service);
  }
  await t.rejects(check("other.Service"), { code: "NoSecret" });
  t.strictSame(started.server.ready(), []);

  const told: number[] = [];
  const watch = started.health.watch({ service: "" });
  watch.on("data", ({ status }: { status: number }) => told.push(status));
  const watchEnded = new Promise<void>((done) => watch.once("end", done));
  const unknown: number[] = [];
  const watchUnknown = started.health.watch({ service: "other" });
  watchUnknown.on("data", ({ status }: { status: number }) => unknown.push(status));
  const unknownEnded = new Promise<void>((done) => watchUnknown.once("end", done));
  await until("both are told", () => told.length === 1 && unknown.length === 1);

  const call = get(started);
  await until("the call is in flight", () => inFlight === 1);
  const drained = started.server.drain(60_000);
  t.match(started.server.ready(), [/shutting down/]);
  await Promise.all([watchEnded, unknownEnded]);
  t.strictSame(told, [ServingStatus.SERVING, ServingStatus.NOT_SERVING]);
  t.strictSame(unknown, [ServingStatus.SERVICE_UNKNOWN]);
  // Longer than clients get to close: a drain that did not wait for the call would be over.
  await new Promise((done) => setTimeout(done, 1_200));
  resolve(bytes("late"));
  t.equal(Buffer.from((await call).value).toString(), "late", "what was in flight is answered");
  t.equal(await drained, true);
  await t.rejects(get(started.dial(corePair)), { code: "Unavailable" }, "the port is closed");
});
