import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { test, type Test } from "tap";
import { withinDeadline } from "../../src/api/deadline.ts";
import { ProviderError } from "../../src/api/errors.ts";
import type { SecretsClient, Store } from "../../src/api/provider.ts";
import { readAll } from "../../src/api/read-all.ts";
import { startBundledProvider } from "../bundled-provider.ts";
import { fixedContext } from "../fixed-context.ts";
import { dist } from "../test-bundles.ts";
import { until } from "./outboard.ts";

/** An HTTP server that takes requests and answers none. */
async function startSilentServer(t: Test) {
  let open = 0;
  let taken = 0;
  const server = createServer((request) => {
    open += 1;
    taken += 1;
    request.socket.once("close", () => (open -= 1));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, taken: () => taken, open: () => open };
}

/** A client of vault's bundle whose server is silent. */
async function hangingClient(t: Test) {
  const server = await startSilentServer(t);
  const bundled = await startBundledProvider(dist, "vault");
  t.teardown(() => bundled.stop());
  const auth = { tokenSecretRef: { name: "vault-token", key: "token" } };
  const store: Store = {
    apiVersion: "external-secrets.io/v1",
    kind: "SecretStore",
    namespace: "default",
    name: "silent",
    uid: "uid-silent",
    generation: 1,
    spec: { provider: { vault: { server: server.url, path: "secret", version: "v2", auth } } },
  };
  const context = fixedContext(new Map([["vault-token/token", "root"]]));
  const client = await bundled.providerFor(store).newClient(store, context, new AbortController().signal);
  t.teardown(() => client.close());
  return { server, client };
}

const ref = { key: "app" };
const push = { secretKey: "k", remoteKey: "app", property: "" };
const source = { data: new Map([["k", Buffer.from("v")]]), type: "Opaque", labels: {}, annotations: {} };
const twenty = Array.from({ length: 20 }, (_, index) => ({ op: "get", ref: { key: `app-${index}` } }) as const);

const operations: Readonly<Record<string, (client: SecretsClient, signal: AbortSignal) => Promise<unknown>>> = {
  getSecret: (client, signal) => client.getSecret(ref, signal),
  getSecretMap: (client, signal) => client.getSecretMap(ref, signal),
  getAllSecrets: (client, signal) => client.getAllSecrets({ name: { regexp: ".*" } }, signal),
  "read of twenty": async (client, signal) => {
    // It resolves with what became of each: here they all failed.
    for (const result of await readAll(client, twenty, signal)) if ("error" in result) throw result.error;
  },
  pushSecret: (client, signal) => client.pushSecret(source, push, signal),
  deleteSecret: (client, signal) => client.deleteSecret(push, signal),
  secretExists: (client, signal) => client.secretExists(push, signal),
  validate: (client, signal) => client.validate(signal),
};

test("a backend that hangs sees its socket closed within a second of the cancel", async (t) => {
  const { server, client } = await hangingClient(t);
  for (const [name, operate] of Object.entries(operations)) {
    const before = server.taken();
    const controller = new AbortController();
    const outcome = codeOf(operate(client, controller.signal));
    await until(
      () => server.taken() > before,
      () => `${name} asked nothing of the backend`,
    );
    t.ok(server.open() > 0, `${name} waits for the backend`);
    const cancelled = performance.now();
    controller.abort();
    while (server.open() > 0 && performance.now() - cancelled < 1_000) await sleep(2);
    t.equal(server.open(), 0, `${name}: no socket is open`);
    t.equal(await outcome, "Cancelled", name);
  }
});

test("a backend that hangs sees its socket closed once the deadline is over", async (t) => {
  const { server, client } = await hangingClient(t);
  const never = new AbortController().signal;
  const outcome = codeOf(withinDeadline(never, 1_500, (signal) => client.getSecret(ref, signal)));
  await until(
    () => server.open() > 0,
    () => "it asked nothing of the backend",
  );
  t.equal(await outcome, "DeadlineExceeded");
  await until(
    () => server.open() === 0,
    () => "the socket stayed open",
    1_000,
  );
  t.pass("the socket is closed");
});

/** What a promise rejected with. */
async function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => "it resolved",
    (error: unknown) => (error instanceof ProviderError ? error.code : String(error)),
  );
}
