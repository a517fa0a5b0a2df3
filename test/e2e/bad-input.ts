import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Test } from "tap";
import type { Code } from "../../src/api/errors.ts";
import { remedies } from "../../src/local/remedies.ts";
import { testBundles } from "../test-bundles.ts";
import { plantSecret, searchForPlanted, startOutboard, until, type Outboard } from "./outboard.ts";

/** One kind of bad input, in a namespace of its own with a good store and a good ExternalSecret beside it. */
export interface Scenario {
  /** Of its namespace; its bad store and ExternalSecret are called `bad`. */
  readonly name: string;
  /** Its manifests: objects, or text where that is what is bad. */
  readonly manifests: readonly (object | string)[];
  /** What the run says of it, in whatever order. */
  readonly says: readonly RegExp[];
  /** Mends it; what it returns replaces its manifests. */
  readonly mend?: () => readonly object[] | undefined | Promise<readonly object[] | undefined>;
}

/** A folder below the system's own for temporary files, removed after the test. Real: no part of it is a link. */
export function folder(t: Test): string {
  const made = mkdtempSync(join(tmpdir(), "outboard-bad-input-"));
  t.teardown(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

/** A SecretStore, `bad` unless named otherwise. */
export function store(namespace: string, provider: object, name = "bad"): object {
  return {
    apiVersion: "external-secrets.io/v1",
    kind: "SecretStore",
    metadata: { namespace, name },
    spec: { provider },
  };
}

/** An ExternalSecret of the store of its name. */
export function externalSecret(namespace: string, spec: object, name = "bad"): object {
  return {
    apiVersion: "external-secrets.io/v1",
    kind: "ExternalSecret",
    metadata: { namespace, name },
    spec: { refreshInterval: "1h", secretStoreRef: { name }, ...spec },
  };
}

/** `spec.data` that reads keys of the backend into `k0`, `k1` and so on. */
export function reads(...keys: readonly string[]): object {
  return { data: keys.map((key, index) => ({ secretKey: `k${index}`, remoteRef: { key } })) };
}

/** `spec.provider` of fake with these values. */
export function fake(values: Readonly<Record<string, string>>): Readonly<Record<string, unknown>> {
  return { fake: { data: Object.entries(values).map(([key, value]) => ({ key, value })) } };
}

/** `spec.provider` of the scripted provider with these values. */
export function scripted(values: Readonly<Record<string, string>> = {}): object {
  return { chef: { data: Object.entries(values).map(([key, value]) => ({ key, value })) } };
}

/** A Secret of the user's own. */
export function secret(namespace: string, stringData: Readonly<Record<string, string>>, name = "token"): object {
  return { apiVersion: "v1", kind: "Secret", metadata: { namespace, name }, stringData };
}

/** One `outboard local --watch` over scenarios. */
export interface WatchedRun {
  readonly outboard: Outboard;
  /** Where the Secrets are written. */
  readonly out: string;
  /** The value that each scenario's good ExternalSecret gives, by the scenario's name. */
  readonly good: ReadonlyMap<string, string>;
}

/**
 * Runs the scenarios side by side: each says what is wrong, the good ExternalSecret beside it syncs all the same, and
 * once mended the bad one does too, by itself. Ends the run and checks its output as a whole.
 */
export async function watchScenarios(
  t: Test,
  scenarios: readonly Scenario[],
  { bundles = testBundles, during }: { readonly bundles?: string; during?(run: WatchedRun): Promise<void> } = {},
): Promise<void> {
  const files = folder(t);
  const out = join(folder(t), "out");
  const good = new Map(scenarios.map(({ name }) => [name, plantSecret()]));
  const write = (name: string, manifests: readonly (object | string)[]) => {
    const beside = [
      store(name, fake({ key: good.get(name) ?? "" }), "good"),
      externalSecret(name, reads("key"), "good"),
    ];
    // A file of its own: what cannot be read as a whole must not take the good ones along.
    writeFileSync(join(files, `${name}-good.yaml`), text(beside));
    writeFileSync(join(files, `${name}.yaml`), text(manifests));
  };
  for (const { name, manifests } of scenarios) write(name, manifests);
  const flags = ["--watch", "--out", out, "--bundle-dir", bundles, "--log-level", "debug"];
  const outboard = startOutboard(t, ["local", "-f", files, ...flags]);
  const run = { outboard, out, good };
  for (const { name, says } of scenarios) {
    await t.test(`${name} is told of, and disturbs nothing else`, async () => {
      for (const pattern of says) await outboard.said(pattern);
      await outboard.said(ready(name, "good"));
      await until(
        () => read(join(out, name, "good", "k0")) === good.get(name),
        () => `${name}/good was not written out`,
      );
    });
  }
  const mendable = scenarios.filter(({ mend }) => mend !== undefined);
  for (const { name } of mendable) t.notMatch(outboard.stderr(), ready(name, "bad"), `${name} is not Ready`);
  // All at once: what failed is about to be tried again, and would hold up its own mending for as long as it hangs.
  for (const { name, mend } of mendable) {
    const mended = await mend?.();
    if (mended !== undefined) write(name, mended);
  }
  for (const { name } of mendable) {
    await t.test(`${name} works once mended`, () => outboard.said(ready(name, "bad")));
  }
  await during?.(run);
  outboard.process.kill("SIGTERM");
  const isWell = scenarios.every(({ name }) => ready(name, "bad").test(outboard.stderr()));
  t.equal(await outboard.exited, isWell ? 0 : 1, "the exit code says whether all is well");
  t.equal(outboard.stdout(), "", "no value was asked for on stdout");
  noTerminalEscapes(t, outboard);
  searchForPlanted(t, outboard.stderr());
}

/** What says that an ExternalSecret is Ready. */
export function ready(namespace: string, name: string): RegExp {
  return new RegExp(`^ExternalSecret ${namespace}/${name} Ready \\(SecretSynced: secret synced\\)$`, "m");
}

/** What says that something is not Ready: its condition, the event where that says more, how to mend it. All patterns. */
export function notReady(what: string, condition: string, event: string | undefined, code: Code): RegExp {
  const lines = [
    `${what} not Ready \\(${condition}\\)`,
    ...(event === undefined ? [] : [`  ${event}`]),
    `  to mend it: ${literally(remedies[code])}`,
  ];
  return new RegExp(`^${lines.join("\\n")}$`, "m");
}

/** The same of the ExternalSecret `bad` of a namespace, whose `data[0]` reads `key`. */
export function notFetched(namespace: string, key: string, error: string, code: Code): RegExp {
  return notReady(
    `ExternalSecret ${namespace}/bad`,
    "SecretSyncedError: could not get secret data from provider",
    String.raw`error processing spec\.data\[0\] \(key: ${key}\), err: ${error}`,
    code,
  );
}

/** A pattern for a text as it stands. */
export function literally(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);
}

/** Not off a terminal: nothing but whole lines of text is written. */
export function noTerminalEscapes(t: Test, { stdout, stderr }: Pick<Outboard, "stdout" | "stderr">): void {
  for (const text of [stdout(), stderr()]) t.notMatch(text, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/, "no controls");
}

/** Manifests as one text. JSON is YAML. */
export function text(manifests: readonly (object | string)[]): string {
  return manifests
    .map((manifest) => (typeof manifest === "string" ? manifest : JSON.stringify(manifest)))
    .join("\n---\n");
}

/** A file as text; undefined when it cannot be read. */
export function read(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
