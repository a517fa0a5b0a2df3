import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { test, type Test } from "tap";
import { testBundles } from "../test-bundles.ts";
import {
  externalSecret,
  fake,
  folder,
  literally,
  noTerminalEscapes,
  reads,
  read,
  scripted,
  store,
  text,
} from "./bad-input.ts";
import { plantSecret, runOutboard, searchForPlanted, startOutboard, until } from "./outboard.ts";

/** A folder with `out` to write into, and `foreign`, into which nothing may be written. */
function places(t: Test): { readonly root: string; readonly out: string; readonly foreign: string } {
  const root = folder(t);
  const [out, foreign] = [join(root, "out"), join(root, "foreign")];
  for (const each of [out, foreign]) mkdirSync(each, { mode: 0o700 });
  writeFileSync(join(foreign, "file"), "as it was");
  return { root, out, foreign };
}

const untouched = (t: Test, foreign: string) =>
  t.strictSame([readdirSync(foreign), read(join(foreign, "file"))], [["file"], "as it was"], "nothing went elsewhere");

/** A manifest with one store and one ExternalSecret, `app`, whose key `k0` has the value. */
function app(namespace: string, value: string): string {
  return text([store(namespace, fake({ key: value }), "app"), externalSecret(namespace, reads("key"), "app")]);
}

/** What stands where a Secret is to be written, in a namespace of its own. */
const planted: readonly {
  readonly namespace: string;
  /** Of the path below --out: where it stands. */
  readonly at: readonly string[];
  plant(path: string, foreign: string): void;
  /** After the path of what stands there. */
  readonly says: string;
}[] = [
  {
    namespace: "link-as-file",
    at: ["app", "k0"],
    plant: (path, foreign) => symlinkSync(join(foreign, "file"), path),
    says: "was not written by outboard local: move it away",
  },
  {
    namespace: "dangling-link-as-file",
    at: ["app", "k0"],
    plant: (path, foreign) => symlinkSync(join(foreign, "new"), path),
    says: "was not written by outboard local: move it away",
  },
  {
    namespace: "link-as-folder",
    at: ["app"],
    plant: (path, foreign) => symlinkSync(foreign, path),
    says: "is a symbolic link, not a folder: remove it",
  },
  {
    namespace: "link-as-namespace",
    at: [],
    plant: (path, foreign) => symlinkSync(foreign, path),
    says: "is a symbolic link, not a folder: remove it",
  },
  {
    namespace: "file-of-others",
    at: ["app", "k0"],
    plant: (path) => writeFileSync(path, "not ours"),
    says: "was not written by outboard local: move it away",
  },
  {
    namespace: "folder-as-file",
    at: ["app", "k0"],
    plant: (path) => mkdirSync(path),
    says: "was not written by outboard local: move it away",
  },
];

test("--out follows no link and replaces nothing of others, writes the rest, and goes on once that is away", async (t) => {
  const { root, out, foreign } = places(t);
  const files = join(root, "manifests");
  mkdirSync(files);
  const good = plantSecret();
  writeFileSync(join(files, "good.yaml"), app("good", good));
  const values = new Map(planted.map(({ namespace }) => [namespace, plantSecret()]));
  for (const { namespace, at, plant } of planted) {
    writeFileSync(join(files, `${namespace}.yaml`), app(namespace, values.get(namespace) ?? ""));
    const parts = [out, namespace, ...at];
    mkdirSync(join(...parts.slice(0, -1)), { recursive: true, mode: 0o700 });
    plant(join(...parts), foreign);
  }
  const outboard = startOutboard(t, ["local", "-f", files, "--watch", "--out", out, "--bundle-dir", testBundles]);
  for (const { namespace, at, says } of planted) {
    const place = literally(join(out, namespace, ...at));
    await outboard.said(new RegExp(`^Secret ${namespace}/app[^:]*: ${place} ${says}$`, "m"));
  }
  await until(
    () => read(join(out, "good", "app", "k0")) === good,
    () => `what is good was not written:\n${outboard.stderr()}`,
  );
  untouched(t, foreign);
  for (const { namespace, at } of planted) rmSync(join(out, namespace, ...at), { recursive: true });
  for (const { namespace } of planted) {
    await until(
      () => read(join(out, namespace, "app", "k0")) === values.get(namespace),
      () => `${namespace} was not written once mended:\n${outboard.stderr()}`,
    );
  }
  untouched(t, foreign);
  outboard.process.kill("SIGTERM");
  t.equal(await outboard.exited, 0, outboard.stderr());
  noTerminalEscapes(t, outboard);
  searchForPlanted(t, outboard.stdout() + outboard.stderr());
});

test("--out into a folder that is not the user's alone writes nothing and says what to do", async (t) => {
  const { root, out, foreign } = places(t);
  const file = join(root, "app.yaml");
  writeFileSync(file, app("shop", plantSecret()));
  const once = (path: string) =>
    runOutboard(t, ["local", "-f", file, "--once", "--out", path, "--bundle-dir", testBundles]);
  chmodSync(out, 0o777);
  const open = await once(out);
  t.equal(open.code, 1);
  t.match(open.stderr, `${out} can be written by others: chmod go-w it, or choose another folder`);
  t.strictSame(readdirSync(out), []);
  symlinkSync(foreign, join(root, "link"));
  const link = await once(join(root, "link"));
  t.equal(link.code, 1);
  t.match(link.stderr, `${join(root, "link")} is a symbolic link, not a folder: remove it`);
  t.match(link.stderr, /2 of 2 Ready; not everything could be written out/);
  untouched(t, foreign);
});

test("--env-file says which values no line can hold and writes the rest", async (t) => {
  const { root, foreign } = places(t);
  const good = plantSecret();
  const file = join(root, "all.yaml");
  const mixed = `${plantSecret()}'"`;
  writeFileSync(
    file,
    text([
      store("shop", fake({ good, mixed, return: `${plantSecret()}\r` })),
      externalSecret(
        "shop",
        {
          secretStoreRef: { name: "bad" },
          data: [
            { secretKey: "GOOD", remoteRef: { key: "good" } },
            { secretKey: "MIXED", remoteRef: { key: "mixed" } },
            { secretKey: "RETURN", remoteRef: { key: "return" } },
            { secretKey: "not-a-name", remoteRef: { key: "good" } },
          ],
        },
        "app",
      ),
      store("other", scripted()),
      externalSecret("other", { data: [{ secretKey: "BYTES", remoteRef: { key: "latin1" } }] }),
    ]),
  );
  const envFile = join(root, ".env");
  const once = (path: string) =>
    runOutboard(t, ["local", "-f", file, "--once", "--env-file", path, "--bundle-dir", testBundles]);
  const run = await once(envFile);
  t.equal(run.code, 1);
  const told = (secret: string, key: string, why: string) =>
    t.match(run.stderr, `Secret ${secret}, key ${key}: ${why}`);
  const instead = "which no .env line can hold: use --out or --stdout";
  told("shop/app", "MIXED", `the value has a single quote beside one of " \\ $ \`, ${instead}`);
  told("shop/app", "RETURN", `the value has a carriage return, ${instead}`);
  told(
    "shop/app",
    "not-a-name",
    "the key is no name of a variable (letters, digits, _): rename it in the ExternalSecret",
  );
  told("other/bad", "BYTES", `the value is not UTF-8 text, ${instead}`);
  t.match(run.stderr, /4 of 4 Ready; not everything could be written out/);
  t.strictSame({ ...parseEnv(readFileSync(envFile, "utf8")) }, { GOOD: good });
  noTerminalEscapes(t, { stdout: () => run.stdout, stderr: () => run.stderr });

  symlinkSync(join(foreign, "file"), join(root, "link.env"));
  const link = await once(join(root, "link.env"));
  t.equal(link.code, 1);
  t.match(link.stderr, `${join(root, "link.env")} is a symbolic link, not a file: remove it`);
  const others = await once(join(foreign, "file"));
  t.equal(others.code, 1);
  t.match(others.stderr, `${join(foreign, "file")} was not written by outboard local: move it away`);
  untouched(t, foreign);
});
