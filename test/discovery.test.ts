import { spawnSync } from "node:child_process";
import { join } from "node:path";
import root, { test } from "tap";
import { apiServerMissing } from "./api-server.ts";
import { externalSecretOf } from "./core-process.ts";
import { machine, startDiscoveryWorld, type Ready } from "./discovery-world.ts";
import { plantSecret } from "./e2e/outboard.ts";
import { applyIn } from "./mounted-parts.ts";
import { inNetworkNamespace } from "./network-namespace.ts";
import { plainCommand } from "./plain-command.ts";
import { makePod } from "./pods.ts";
import { systemNamespace } from "./shipped-process.ts";
import { dist } from "./test-bundles.ts";
import { startVault, vaultMissing } from "./vault-server.ts";

root.setTimeout(300_000);

const pod = { name: "provider-vault-0", ip: "10.99.0.2" };

await inNetworkNamespace({ file: import.meta.filename, addresses: [machine, pod.ip] }, () => {
  const skip = apiServerMissing({ controllerManager: true }) || vaultMissing();
  test("ESO's manifests become Ready once the provider's overlay and its pod are there", { skip }, async (t) => {
    const vault = await startVault();
    t.teardown(() => vault.stop());
    const value = plantSecret();
    await vault.call("POST", "secret/data/db", { data: { password: value } });
    const world = await startDiscoveryWorld(t);
    const space = await world.namespace();
    await applyIn(
      world,
      space,
      { apiVersion: "v1", kind: "Secret", metadata: { name: "vault-token" }, stringData: { token: vault.token } },
      {
        apiVersion: "external-secrets.io/v1",
        kind: "SecretStore",
        metadata: { name: "main" },
        spec: {
          provider: {
            vault: {
              server: vault.address,
              path: "secret",
              version: "v2",
              auth: { tokenSecretRef: { name: "vault-token", key: "token" } },
            },
          },
        },
      },
      externalSecretOf("db", { data: [{ secretKey: "password", remoteRef: { key: "db", property: "password" } }] }),
    );
    const comes = (path: string, wanted: Ready) => world.comes(space, path, wanted);
    const explained = () => {
      const flags = ["-n", space, "--kubeconfig", world.api.adminKubeconfig];
      const command = [join(dist, "core", "outboard.cjs"), "explain", "externalsecret", "app", ...flags];
      const { status, stdout, stderr } = spawnSync(...plainCommand(process.execPath, command), { encoding: "utf8" });
      return { status, said: stdout + stderr };
    };

    await comes("secretstore/main", { status: "False", reason: "ProviderNotFound" });
    t.match(explained(), { status: 1, said: /STOPS {2}provider .*no approved provider serves spec\.provider\.vault/ });

    await world.provider(t, "vault", pod.ip);
    await comes("secretstore/main", { status: "False", reason: "ProviderUnavailable" });
    t.match(explained(), { status: 1, said: /STOPS {2}endpoint .*no pod of it is ready/ });

    await makePod(world.api, "provider-vault", pod);
    await comes("secretstore/main", { status: "True" });
    await comes("externalsecret/app", { status: "True" });
    t.equal((await world.secret(space, "app"))?.data.get("password"), value);
    const whole = explained();
    t.match(whole, { status: 0, said: /nothing stops it\n$/ });
    t.match(whole.said, /ok +endpoint +10\.99\.0\.2:8080\n/);
    t.match((await world.events(systemNamespace)).join("\n"), /ProviderApproved .*provider-vault.*serves .*vault/);
  });
});
