import { Metadata } from "@grpc/grpc-js";
import { connect, createServer as createTcpServer, type Socket } from "node:net";
import { once } from "node:events";
import { pipeline } from "node:stream";
import t from "tap";
import { corePair, counted, get, getRequest, options, start, testProvider } from "../../test/adapter-fixture.ts";
import { until } from "../../test/local-world.ts";

t.test("a cancelled call and a call past its deadline reach the provider's signal", async (t) => {
  const reasons: unknown[] = [];
  const waiting: AbortSignal[] = [];
  const started = await start(t, {
    provider: testProvider({
      getSecret: (_ref, signal) => {
        waiting.push(signal);
        const { promise, reject } = Promise.withResolvers<never>();
        signal.addEventListener("abort", () => {
          reasons.push(signal.reason instanceof Error ? signal.reason.name : signal.reason);
          reject(signal.reason);
        });
        return promise;
      },
    }),
  });
  const call = started.store.getSecret(getRequest, new Metadata(), options(), () => {});
  await until("the call is in flight", () => waiting.length === 1);
  call.cancel();
  await until("the cancel arrives", () => reasons.length === 1);
  await t.rejects(get(started, options(300)), { code: "DeadlineExceeded" });
  await until("the deadline arrives", () => reasons.length === 2);
  t.strictSame(reasons, ["AbortError", "TimeoutError"]);
  await until(
    "none is in flight",
    async () => (await counted(started.registry, 'grpc_server_requests_in_flight{method="GetSecret"}')) === 0,
  );
});

t.test("a connection that breaks aborts its calls", async (t) => {
  const signals: AbortSignal[] = [];
  const started = await start(t, {
    provider: testProvider({
      getSecret: async (_ref, signal) => {
        signals.push(signal);
        await once(signal, "abort");
        throw signal.reason;
      },
    }),
  });
  const sockets: Socket[] = [];
  const wire = createTcpServer((socket) => {
    const onward = connect(started.port, "127.0.0.1");
    sockets.push(socket, onward);
    pipeline(socket, onward, socket, () => {});
  });
  await new Promise<void>((listening) => wire.listen(0, "127.0.0.1", listening));
  t.teardown(() => wire.close());
  const address = wire.address();
  const failed = get(started.dial(corePair, typeof address === "object" ? address?.port : 0)).catch(
    (error: unknown) => error,
  );
  await until("the call is in flight", () => signals.length === 1);
  for (const socket of sockets) socket.destroy();
  t.match(await failed, { code: "Unavailable" });
  await until("the call is aborted", () => signals[0]?.aborted === true);
});

t.test("a drain that takes too long cuts calls off, and their signals abort", async (t) => {
  let signal: AbortSignal | undefined;
  const started = await start(t, {
    provider: testProvider({
      getSecret: (_ref, given) => {
        signal = given;
        return new Promise(() => {});
      },
    }),
  });
  const call = get(started).catch((error: unknown) => error);
  await until("the call is in flight", () => signal !== undefined);
  t.equal(await started.server.drain(50), false);
  t.match(await call, { name: "ProviderError" });
  await until("the call is aborted", () => signal?.aborted === true);
});
