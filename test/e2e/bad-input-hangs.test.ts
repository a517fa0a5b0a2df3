import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { test } from "tap";
import {
  externalSecret,
  fake,
  notFetched,
  notReady,
  reads,
  scripted,
  secret,
  store,
  watchScenarios,
  type Scenario,
} from "./bad-input.ts";
import { plantSecret } from "./outboard.ts";

/** The adapter's words; on a busy machine core's own deadline comes first. */
const theirs = String.raw`(the call did not finish|provider chef at scripted\.outboard-local\.svc did not answer) in time`;

/** The deadline of a call is 30 seconds; all of these wait for it side by side. */
function scripts(name: string, key: string): Scenario {
  const held = scripted({ good: plantSecret() });
  return {
    name,
    manifests: [store(name, held), externalSecret(name, reads(key))],
    says: [notFetched(name, key, theirs, "DeadlineExceeded")],
    mend: () => [store(name, held), externalSecret(name, reads("good"))],
  };
}

test("what hangs ends at the deadline of its call, holds up nothing else, and works once mended", async (t) => {
  const sockets = new Set<Socket>();
  const silent = createServer((socket) => sockets.add(socket.on("error", () => undefined)));
  await once(silent.listen(0, "127.0.0.1"), "listening");
  t.teardown(() => {
    silent.close();
    for (const socket of sockets) socket.destroy();
  });
  const host = `127.0.0.1:${(silent.address() as AddressInfo).port}`;
  const auth = { tokenSecretRef: { name: "token", key: "token" } };
  await watchScenarios(t, [
    scripts("backend-hangs", "hang"),
    scripts("provider-is-deaf", "deaf"),
    scripts("answer-after-30-seconds", "slow:31000:late"),
    {
      name: "server-says-nothing",
      manifests: [
        secret("server-says-nothing", { token: plantSecret() }),
        store("server-says-nothing", { vault: { server: `http://${host}`, path: "secret", auth } }),
        externalSecret("server-says-nothing", reads("key")),
      ],
      says: [
        notReady(
          "SecretStore server-says-nothing/bad",
          "ProviderUnavailable: unable to validate store",
          // On a busy machine core's own deadline comes first.
          String.raw`(${host}: it|provider vault at vault\.outboard-local\.svc) did not answer in time`,
          "DeadlineExceeded",
        ),
      ],
      mend: () => [
        store("server-says-nothing", fake({ key: plantSecret() })),
        externalSecret("server-says-nothing", reads("key")),
      ],
    },
  ]);
});
