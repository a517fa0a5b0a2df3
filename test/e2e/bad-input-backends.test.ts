import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { test, type Test } from "tap";
import type { Code } from "../../src/api/errors.ts";
import { createCa } from "../../src/certs/issue.ts";
import { startVault, vaultMissing, type TestVault } from "../vault-server.ts";
import { externalSecret, notReady, reads, secret, store, watchScenarios, type Scenario } from "./bad-input.ts";
import { plantSecret } from "./outboard.ts";

const inSync = "ProviderUnavailable: unable to validate store";
const refused = "InvalidProviderConfig: unable to validate store";

/** Store, token and ExternalSecret as they work with a Vault. */
function working(name: string, { address, token, caPem }: TestVault): readonly object[] {
  return [secret(name, { token }), vaultStore(name, address, caPem), externalSecret(name, vaultReads)];
}

const vaultReads = { data: [{ secretKey: "password", remoteRef: { key: "app", property: "password" } }] };

function vaultStore(name: string, server: string, caPem?: string): object {
  const ca = caPem === undefined ? {} : { caBundle: Buffer.from(caPem).toString("base64") };
  const auth = { tokenSecretRef: { name: "token", key: "token" } };
  return store(name, { vault: { server, path: "secret", auth, ...ca } });
}

/** A store whose address leads to the wrong place, with a token that must not show. */
function elsewhere(name: string, server: string, caPem?: string): readonly object[] {
  return [secret(name, { token: plantSecret() }), vaultStore(name, server, caPem), externalSecret(name, vaultReads)];
}

async function listen(t: Test, server: Server, port = 0): Promise<string> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket.on("error", () => undefined).once("close", () => sockets.delete(socket)));
  });
  await once(server.listen(port, "127.0.0.1"), "listening");
  t.teardown(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** An address where nothing listens, until `forward` makes it lead to a Vault. */
async function closedPort(t: Test): Promise<{ readonly host: string; forward(vault: TestVault): Promise<void> }> {
  const placeholder = createServer();
  await once(placeholder.listen(0, "127.0.0.1"), "listening");
  const { port } = placeholder.address() as AddressInfo;
  await once(placeholder.close(), "close");
  return {
    host: `127.0.0.1:${port}`,
    forward: async ({ address }) => {
      const target = Number(new URL(address).port);
      const pipe = (socket: Socket) => {
        const onward = connect(target, "127.0.0.1").on("error", () => socket.destroy());
        socket.pipe(onward).pipe(socket);
      };
      await listen(t, createServer(pipe), port);
    },
  };
}

test("what is wrong with a backend or on the way to it is said by the store", { skip: vaultMissing() }, async (t) => {
  const vaults = await Promise.all([startVault(), startVault({ tls: true })]);
  const [vault, secure] = vaults;
  t.teardown(() => Promise.all(vaults.map((each) => each.stop())));
  for (const each of vaults) await each.call("POST", "secret/data/app", { data: { password: plantSecret() } });
  const { certPem: otherCa } = await createCa({ commonName: "other CA", validity: 3_600_000, now: Date.now() });
  const closed = await closedPort(t);
  const page = `<html>\u001b[2J${plantSecret()}</html>`;
  const web = await listen(
    t,
    createHttpServer((_, response) => response.writeHead(200, { "content-type": "text/html" }).end(page)),
  );
  const garbage = await listen(
    t,
    createServer((socket) => socket.end(`\u0000\u001b[2J${plantSecret()}\n\n`)),
  );
  const secureHost = new URL(secure.address).host;
  const mend = (name: string, by = vault) => ({ name, mend: () => working(name, by) });
  const says = (name: string, reason: string, detail: string, code: Code) => ({
    says: [
      notReady(`SecretStore ${name}/bad`, reason, detail, code),
      new RegExp(`^ExternalSecret ${name}/bad not Ready .*\\n  .*: SecretStore "bad" is not ready$`, "m"),
    ],
  });

  const scenarios: readonly Scenario[] = [
    {
      ...mend("no-secret"),
      manifests: [vaultStore("no-secret", vault.address), externalSecret("no-secret", vaultReads)],
      ...says(
        "no-secret",
        refused,
        'cannot get Kubernetes secret "token" from namespace "no-secret": Secret no-secret/token not found; create it or correct the reference',
        "InvalidConfig",
      ),
    },
    {
      ...mend("no-key-in-secret"),
      manifests: [
        secret("no-key-in-secret", { other: plantSecret() }),
        vaultStore("no-key-in-secret", vault.address),
        externalSecret("no-key-in-secret", vaultReads),
      ],
      ...says(
        "no-key-in-secret",
        refused,
        'cannot find secret data for key: "token"; Secret "token" in namespace "no-key-in-secret" has no such key: add the key or correct the reference',
        "InvalidConfig",
      ),
    },
    {
      name: "nothing-listens",
      manifests: [
        secret("nothing-listens", { token: vault.token }),
        ...elsewhere("nothing-listens", `http://${closed.host}`).slice(1),
      ],
      ...says(
        "nothing-listens",
        inSync,
        `${closed.host}: the connection was refused \\(ECONNREFUSED\\)`,
        "Unavailable",
      ),
      mend: async () => {
        await closed.forward(vault);
        return undefined;
      },
    },
    {
      ...mend("no-such-host"),
      manifests: elsewhere("no-such-host", "https://no-such-host.invalid:8200"),
      ...says(
        "no-such-host",
        inSync,
        String.raw`no-such-host\.invalid:8200: the name cannot be resolved \(\w+\)`,
        "Unavailable",
      ),
    },
    {
      ...mend("no-address"),
      manifests: elsewhere("no-address", `https://user:${plantSecret()}@vault`),
      ...says(
        "no-address",
        refused,
        "server: must be an address like https://host:8200, without user and password",
        "InvalidConfig",
      ),
    },
    {
      ...mend("web-server"),
      manifests: elsewhere("web-server", `http://${web}`),
      ...says(
        "web-server",
        inSync,
        `${web}: what answered with status 200 is not Vault: its answer is not JSON`,
        "Unavailable",
      ),
    },
    {
      ...mend("garbage"),
      manifests: elsewhere("garbage", `http://${garbage}`),
      ...says("garbage", inSync, `${garbage}: what it answered is not HTTP \\(HTTPParserError\\)`, "Unavailable"),
    },
    {
      ...mend("no-tls-there"),
      manifests: elsewhere("no-tls-there", `https://${web}`),
      ...says(
        "no-tls-there",
        refused,
        `${web}: TLS failed; check the scheme, port and TLS settings \\(\\w+\\)`,
        "InvalidConfig",
      ),
    },
    {
      ...mend("other-ca", secure),
      manifests: elsewhere("other-ca", secure.address, otherCa),
      ...says(
        "other-ca",
        refused,
        `${secureHost}: its certificate is not trusted; check the CA bundle \\(\\w+\\)`,
        "InvalidConfig",
      ),
    },
    {
      ...mend("no-ca", secure),
      manifests: elsewhere("no-ca", secure.address, plantSecret()),
      ...says("no-ca", refused, "caBundle: .*", "InvalidConfig"),
    },
    {
      ...mend("other-name", secure),
      manifests: elsewhere("other-name", secure.address.replace("localhost", "127.0.0.1"), secure.caPem),
      ...says(
        "other-name",
        refused,
        String.raw`127\.0\.0\.1:\d+: its certificate is for another name \(\w+\)`,
        "InvalidConfig",
      ),
    },
    {
      ...mend("wrong-token"),
      manifests: elsewhere("wrong-token", vault.address),
      ...says("wrong-token", refused, ".*", "Unauthenticated"),
    },
    {
      name: "no-such-value",
      manifests: [...working("no-such-value", vault).slice(0, 2), externalSecret("no-such-value", reads("nothing"))],
      says: [
        notReady(
          "ExternalSecret no-such-value/bad",
          "SecretSyncedError: could not get secret data from provider",
          String.raw`error processing spec\.data\[0\] \(key: nothing\), err: .*`,
          "NoSecret",
        ),
      ],
      mend: async () => {
        await vault.call("POST", "secret/data/nothing", { data: { now: plantSecret() } });
        return undefined;
      },
    },
  ];
  await watchScenarios(t, scenarios);
});
