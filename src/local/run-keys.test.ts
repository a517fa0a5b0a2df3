import { X509Certificate } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "tap";
import { coreIdentity, createRunKeys } from "./run-keys.ts";

const mode = (path: string) => (statSync(path).mode & 0o777).toString(8);

test("keys of a run are for our user alone, prove what they should, and are gone after", async (t) => {
  const parent = t.testdir();
  const keys = await createRunKeys(Date.now(), parent);
  const [folder, again, other] = await Promise.all([
    keys.provider("fake"),
    keys.provider("fake"),
    keys.provider("vault"),
  ]);
  t.equal(folder, again, "a provider that starts again has its keys already");
  t.not(folder, other);
  t.equal(mode(join(folder, "..")), "700");
  t.equal(mode(folder), "700");
  t.strictSame(readdirSync(folder).sort(), ["ca.crt", "tls.crt", "tls.key"]);
  for (const file of readdirSync(folder)) t.equal(mode(join(folder, file)), "600", file);

  const ca = new X509Certificate(readFileSync(join(folder, "ca.crt")));
  const server = new X509Certificate(readFileSync(join(folder, "tls.crt")));
  const core = new X509Certificate(keys.core.cert);
  t.equal(server.subjectAltName, "DNS:fake.outboard-local.svc");
  t.equal(core.subjectAltName, `URI:${coreIdentity}`);
  t.ok(server.checkIssued(ca) && core.checkIssued(ca));
  t.equal(keys.core.ca, ca.toString());
  const written = readFileSync(join(folder, "tls.key"), "utf8");
  t.not(written, keys.core.key, "core's own key is on no disk");
  keys.remove();
  keys.remove();
  t.strictSame(readdirSync(parent), []);
});
