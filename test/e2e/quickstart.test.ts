import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "tap";
import { parseAllDocuments } from "yaml";
import { dist, root, testBundles } from "../test-bundles.ts";
import { startVault, vaultMissing } from "../vault-server.ts";
import { documents, externalSecret, store } from "./manifests.ts";
import { plantSecret, runOutboard, startOutboard, until } from "./outboard.ts";
import { childrenOf, commandLine, providerOf } from "./proc.ts";

/** The keys of a Secret that `--stdout` printed, as text; undefined when it printed no such Secret. */
function printed(stdout: string, name: string): Readonly<Record<string, string>> | undefined {
  const secret = parseAllDocuments(stdout)
    .map((document) => document.toJS() as { metadata: { name: string }; data: Record<string, string> } | null)
    .findLast((manifest) => manifest?.metadata.name === name);
  if (secret?.data === undefined) return undefined;
  return Object.fromEntries(
    Object.entries(secret.data).map(([key, value]) => [key, Buffer.from(value, "base64").toString()]),
  );
}

const example = "not-a-secret-just-an-example";

test("the quick start shows its values and ends with 0", async (t) => {
  const { code, stdout, stderr } = await runOutboard(t, ["local", "-f", "examples/quickstart", "--once", "--stdout"]);
  t.equal(code, 0, stderr);
  t.strictSame(printed(stdout, "database"), { HOST: "db.example.com", PASSWORD: example });
  t.strictSame(printed(stdout, "database-config"), { host: "db.example.com", port: "5432", user: "shop" });
  t.strictSame(Object.values(printed(stdout, "feature-flags") ?? {}).toSorted(), ["disabled", "enabled"]);
  t.match(stderr, /4 of 4 Ready/);
  t.notMatch(stderr, example, "stderr has no value");
});

test("its provider is a process of its own that runs the bundle of fake", async (t) => {
  const outboard = startOutboard(t, ["local", "-f", "examples/quickstart", "--watch", "--stdout"]);
  await until(
    () => printed(outboard.stdout(), "database")?.["PASSWORD"] === example,
    () => outboard.stderr(),
  );
  const children = childrenOf(outboard.process.pid);
  t.equal(children.length, 1);
  const [child = 0] = children;
  t.not(child, outboard.process.pid);
  t.ok(commandLine(child).includes(join(dist, "providers", "fake", "provider.cjs")), commandLine(child).join(" "));
  t.ok(commandLine(child).includes("--permission"), "it may read its own files and start nothing");
});

test("without the bundle of fake there is no value", async (t) => {
  const bundles = t.testdir();
  cpSync(dist, bundles, { recursive: true });
  const manifest = join(bundles, "providers.json");
  const { version, providers } = JSON.parse(readFileSync(manifest, "utf8")) as {
    version: number;
    providers: readonly { name: string }[];
  };
  writeFileSync(manifest, JSON.stringify({ version, providers: providers.filter(({ name }) => name !== "fake") }));
  const args = ["local", "-f", "examples/quickstart", "--once", "--stdout", "--bundle-dir", bundles];
  const { code, stdout, stderr } = await runOutboard(t, args);
  t.equal(code, 1);
  t.equal(printed(stdout, "database"), undefined);
  t.match(stderr, /SecretStore shop\/examples not Ready[^]*no provider serves spec\.provider\.fake/);
});

test("a value is made in the provider's process", async (t) => {
  const folder = t.testdir({
    "app.json": documents(store("chef", {}), externalSecret("app", "chef", { pid: "pid" })),
  });
  const args = ["local", "-f", folder, "--watch", "--stdout", "--bundle-dir", testBundles];
  const outboard = startOutboard(t, args);
  await until(
    () => printed(outboard.stdout(), "app") !== undefined,
    () => outboard.stderr(),
  );
  t.equal(printed(outboard.stdout(), "app")?.["pid"], String(providerOf(outboard.process.pid, "scripted")));
});

test("the vault example shows values of a real server, and follows them", { skip: vaultMissing() }, async (t) => {
  const vault = await startVault();
  t.teardown(() => vault.stop());
  const [first, second] = [plantSecret(), plantSecret()];
  const put = (password: string) =>
    vault.call("POST", "secret/data/shop/database", { data: { password, user: "shop" } });
  await put(first);
  const folder = t.testdir();
  cpSync(join(root, "examples", "vault"), folder, { recursive: true });
  const rewrite = (file: string, from: string, to: string) => {
    const text = readFileSync(join(folder, file), "utf8");
    t.ok(text.includes(from), `${file} has ${from}`);
    writeFileSync(join(folder, file), text.replace(from, to));
  };
  rewrite("store.yaml", "http://127.0.0.1:8200", vault.address);

  const once = await runOutboard(t, ["local", "-f", folder, "--once", "--stdout"]);
  t.equal(once.code, 0, once.stderr);
  t.ok(printed(once.stdout, "database")?.["PASSWORD"] === first, "the value of the server");
  t.equal(printed(once.stdout, "database")?.["user"], "shop");

  rewrite("externalsecret.yaml", "refreshInterval: 1m", "refreshInterval: 1s");
  const outboard = startOutboard(t, ["local", "-f", folder, "--watch", "--stdout"]);
  const shows = (value: string) =>
    until(
      () => printed(outboard.stdout(), "database")?.["PASSWORD"] === value,
      () => outboard.stderr(),
    );
  await shows(first);
  t.equal(providerOf(outboard.process.pid, "vault") === outboard.process.pid, false);
  t.equal(childrenOf(outboard.process.pid).length, 1, "the bundle of vault and no other");
  await put(second);
  await shows(second);
  t.pass("the changed value arrived by itself");

  await vault.stop();
  await outboard.said(/ExternalSecret shop\/database not Ready/);
  t.pass("without the server it is not Ready");
});
