import { test } from "tap";
import { ProviderError } from "../src/api/errors.ts";
import { startCore } from "../src/core/core.ts";
import { coreSettings } from "../src/core/settings.ts";
import { createPool } from "../src/core/shim/pool.ts";
import { createShim } from "../src/core/shim/shim.ts";
import { createLogger } from "../src/process/logs.ts";
import { createRegistry } from "../src/process/metrics.ts";
import { parseSettings } from "../src/process/settings.ts";
import { inlineReferences } from "./core-store.ts";
import { externalSecretOf } from "./core-process.ts";
import { createLocalWorld, until } from "./local-world.ts";
import { createAuthority, describeVault, startPeer } from "./scripted-peer.ts";
import { info } from "./shim-fixture.ts";

const year = 365 * 24 * 3_600_000;
const quarter = 15 * 60_000;

test("one that asks for a year's wait is asked again within fifteen minutes", async (t) => {
  const authority = await createAuthority();
  const limited = () => {
    throw new ProviderError("RateLimited", "come back next year", { retryAfter: year });
  };
  const peer = await startPeer({
    script: {
      describe: describeVault(),
      read: limited,
      validate: ({ context }) =>
        context?.store?.name === "refused" ? limited() : { valid: true, error: "", warnings: [], info },
    },
    server: await authority.server(),
    client: authority.client,
  });
  t.teardown(() => peer.kill());
  const registry = createRegistry();
  const pool = createPool();
  t.teardown(() => pool.close());
  const references = inlineReferences(new Map());
  const shim = createShim({ resolver: { endpoint: () => peer.endpoint }, references, pool, registry });
  const { cluster, apply } = await createLocalWorld();
  const core = startCore({
    cluster,
    providerFor: (store) => shim.providerFor(store),
    references,
    ofAdministrator: () => false,
    settings: parseSettings(coreSettings, []),
    registry,
    logger: createLogger({ name: "core", level: "error" }),
    now: Date.now,
  });
  t.teardown(() => core.stop());
  for (const name of ["main", "refused"]) {
    apply(
      "SecretStore",
      { namespace: "team", name },
      { spec: { provider: { vault: { server: "http://vault", auth: {} } } } },
    );
  }
  const { spec } = externalSecretOf("db") as { readonly spec: object };
  apply("ExternalSecret", { namespace: "team", name: "app" }, { spec });
  for (const [kind, name] of [
    ["SecretStore", "refused"],
    ["ExternalSecret", "app"],
  ] as const) {
    const waiting = () =>
      core.pending().find((item) => item.kind === kind && item.key.name === name && item.failures > 0);
    await until(`${kind} ${name} has failed`, () => waiting() !== undefined);
    const { dueAt = Number.POSITIVE_INFINITY, failures, error } = waiting() ?? {};
    t.match(error, { code: "RateLimited", message: /come back next year/ });
    t.equal(failures, 1, "it is not asked again at once");
    const wait = dueAt - Date.now();
    t.ok(wait <= quarter && wait > quarter - 60_000, `${kind}: ${Math.round(wait / 1000)} s`);
  }
});
