import { test } from "tap";
import { storeAccess } from "./store-access.ts";

const team = { name: "team", labels: {} };

async function denial(kind: string, name: string): Promise<string> {
  const ref = { kind, namespace: "team", name };
  const access = await storeAccess({ ref, store: undefined, namespace: team, floodGate: true });
  return access.access === "denied" ? access.error.message : access.access;
}

test("a store that is not there is told in ESO's words, a config object with what may hide it too", async (t) => {
  t.equal(
    await denial("SecretStore", "main"),
    'could not get SecretStore "main", SecretStore.external-secrets.io "main" not found',
  );
  t.equal(
    await denial("Chef.acme.example", "main"),
    'could not get Chef.acme.example "main", Chef.acme.example "main" not found; create it, or let core list its kind: ' +
      "a ClusterRole with label external-secrets.io/aggregate-to-controller",
  );
});
