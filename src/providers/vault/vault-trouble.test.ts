import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { test, type Test } from "tap";
import { contextOf, getText, never, storeOf, vault } from "../../../test/vault-fixture.ts";

const withToken = { path: "secret", auth: { tokenSecretRef: { name: "token", key: "token" } } };
const secrets = new Map([["token/token", "s"]]);

test("headers, namespaces and the path of the address are those of the store", async (t) => {
  const seen: IncomingMessage[] = [];
  const server = await fakeVault(t, (request, response) => {
    seen.push(request);
    if (request.url?.endsWith("/login"))
      response.end('{"auth":{"client_token":"t1","lease_duration":60,"renewable":true}}');
    else response.end('{"data":{"data":{"a":"1"}}}');
  });
  const namespaces = {
    namespace: "team",
    auth: { namespace: "admin", appRole: { roleId: "r", secretRef: { name: "token", key: "token" } } },
  };
  const value = { ...withToken, ...namespaces, server: `${server}/base/`, headers: { "X-Extra": "yes" } };
  const client = await vault.newClient(storeOf(value), contextOf(secrets), never);
  t.equal(await getText(client, { key: "app", property: "a" }), "1");
  t.strictSame(
    seen.map(({ method, url, headers }) => [
      method,
      url,
      headers["x-vault-namespace"],
      headers["x-vault-token"],
      headers["x-extra"],
    ]),
    [
      ["POST", "/base/v1/auth/approle/login", "admin", undefined, "yes"],
      ["GET", "/base/v1/secret/data/app", "team", "t1", "yes"],
    ],
  );
  await client.close();
});

test("what is no Vault, or a Vault in trouble, is an error that says so and quotes no body", async (t) => {
  let answer: Handler = (_, response) => void response.end();
  const server = await fakeVault(t, (request, response) => answer(request, response));
  const open = (value: object = {}) =>
    vault.newClient(storeOf({ ...withToken, server, ...value }), contextOf(secrets), never);
  const client = await open();
  const fails = async (status: number, body: string, expected: Failure, headers: Record<string, string> = {}) => {
    answer = (_, response) => void response.writeHead(status, headers).end(body);
    await t.rejects(getText(client, { key: "app" }), expected, `${status} ${body}`);
  };
  await fails(503, '{"errors":["Vault is sealed"]}', {
    code: "Unavailable",
    message: "cannot read secret data from Vault: status 503: Vault is sealed",
  });
  await fails(
    429,
    '{"errors":["request path \\"x\\": rate limit quota exceeded"]}',
    { code: "RateLimited", retryAfter: 3000 },
    { "Retry-After": "3" },
  );
  await fails(500, '{"errors":["\\u001b[31minternal\\u0000"]}', {
    code: "Unavailable",
    message: /status 500: \\x1b\[31minternal/,
  });
  await fails(412, '{"errors":["required index state not present"]}', { code: "Conflict" });
  await fails(473, "", { code: "Unavailable" });
  await fails(404, "<html>hunter2</html>", { code: "Unavailable", message: /is not Vault$/ });
  await fails(200, "<html>hunter2</html>", { code: "Unavailable", message: /is not Vault: its answer is not JSON$/ });
  await fails(502, "<html>hunter2</html>", {
    code: "Unavailable",
    message: "cannot read secret data from Vault: status 502",
  });
  await fails(200, '{"data":{"other":1}}', { code: "InvalidConfig", message: /^failed to find data field/ });
  await fails(200, `{"data":{"data":{"a":"${"x".repeat(9_000_000)}"}}}`, { code: "TooLarge" });

  let attempts = 0;
  answer = (_, response) => {
    attempts += 1;
    response.writeHead(503).end("{}");
  };
  const store = storeOf({ ...withToken, server });
  const retrying = { ...store, spec: { ...store.spec, retrySettings: { maxRetries: 2, retryInterval: "1ms" } } };
  const patient = await vault.newClient(retrying, contextOf(secrets), never);
  await t.rejects(getText(patient, { key: "app" }), { code: "Unavailable" });
  t.equal(attempts, 3, "as often as retrySettings say");
  attempts = 0;
  await t.rejects(getText(client, { key: "app" }), { code: "Unavailable" });
  t.equal(attempts, 1, "and without them not at all: the queue tries again");

  const closed = Promise.withResolvers<void>();
  const arrived = Promise.withResolvers<void>();
  answer = (request) => {
    request.socket.on("close", () => closed.resolve());
    arrived.resolve();
  };
  const controller = new AbortController();
  const hanging = client.getSecret({ key: "app" }, controller.signal);
  await arrived.promise;
  controller.abort();
  await t.rejects(hanging, { code: "Cancelled" });
  await closed.promise;
  await client.close();
  await patient.close();
  await t.rejects(open({ server: "vault:8200" }), { code: "InvalidConfig", message: /^server: / });
  const refused = await open({ server: "http://127.0.0.1:1" });
  await t.rejects(refused.validate(never), {
    code: "Unavailable",
    message: "127.0.0.1:1: the connection was refused (ECONNREFUSED)",
  });
});

interface Failure {
  readonly code: string;
  readonly message?: string | RegExp;
  readonly retryAfter?: number;
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** For what a real Vault cannot be made to answer. */
async function fakeVault(t: Test, handler: Handler): Promise<string> {
  const server = createServer(handler).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
