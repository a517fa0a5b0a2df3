import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { test } from "tap";
import { metadataOf } from "../../../test/object-meta.ts";
import type { SecretObject } from "../../cluster/objects.ts";
import { parseAllDocuments } from "yaml";
import { envFile, envFileMark, envLine } from "./dotenv.ts";
import { createEnvFile } from "./env-file.ts";
import { createOutDir, isFileName } from "./out-dir.ts";
import { createStdout } from "./stdout.ts";

let version = 0;

function secret(
  name: string,
  data: Readonly<Record<string, string | Uint8Array>>,
  namespace = "default",
): SecretObject {
  return {
    metadata: {
      ...metadataOf({ namespace, name }),
      resourceVersion: String(++version),
      labels: { app: "yes" },
    },
    type: "Opaque",
    immutable: false,
    data: new Map(Object.entries(data).map(([key, value]) => [key, Buffer.from(value)])),
  };
}

const mode = (path: string) => (statSync(path).mode & 0o777).toString(8);

test("each .env line reads back as the value, in Node and in a shell", (t) => {
  const values = [
    "",
    "plain-1.2/3:4@5%6+7,8=9",
    "two words",
    " space around ",
    "#no comment",
    "a#b",
    "it's",
    `say "hi"`,
    "$HOME and ${HOME} and `id` and $(id)",
    "back\\slash\\n",
    "tab\there",
    "-----BEGIN KEY-----\nline two\n-----END KEY-----\n",
    "it's\ntwo lines",
    "\nfirst",
    "ünïcödé 🔑 \ufeff",
    "export X=1",
    "!history",
    "*?[a]~",
    "\u001b[31mred",
  ];
  for (const value of values) {
    const line = envLine("KEY", Buffer.from(value));
    const shown = JSON.stringify(value);
    if ("problem" in line) return t.fail(`${shown}: ${line.problem}`);
    t.equal(parseEnv(`${line.text}\nNEXT=1`)["KEY"], value, `Node reads ${shown}`);
    const script = `${line.text}\nprintf '%s|' "$KEY"`;
    t.equal(execFileSync("/bin/sh", ["-c", script], { encoding: "utf8", env: {} }), `${value}|`, `sh reads ${shown}`);
  }
  return t.end();
});

test("a value that no .env line can hold is refused without being quoted", (t) => {
  const cases: readonly (readonly [string, string | Uint8Array, RegExp])[] = [
    ["KEY", "a\0b", /NUL byte/],
    ["KEY", "a\r\nb", /carriage return/],
    ["KEY", Uint8Array.of(0xff, 0xfe), /not UTF-8/],
    ["KEY", `it's "both"`, /single quote beside/],
    ["KEY", "it's $HOME", /single quote beside/],
    ["KEY", "it's a \\", /single quote beside/],
    ["KEY", "it's `id`", /single quote beside/],
    ["db-password", "x", /no name of a variable/],
    ["1KEY", "x", /no name of a variable/],
    ["A\nB", "x", /no name of a variable/],
    ["", "x", /no name of a variable/],
  ];
  for (const [key, value, expected] of cases) t.match(envLine(key, Buffer.from(value)), { problem: expected });
  t.end();
});

test("a key of two Secrets is in neither's name, and each problem names its Secret and key", (t) => {
  const { text, problems } = envFile([
    secret("a", { ONE: "1", SAME: "a" }),
    secret("b", { SAME: "b", TWO: "2", "bad-key": "x" }),
    secret("c", { SAME: "c" }, "other"),
  ]);
  t.equal(text, `${envFileMark}\nONE=1\nTWO=2\n`);
  t.strictSame(
    problems.map(({ secret, key }) => [secret, key]),
    [
      ["default/b", "SAME"],
      ["default/b", "bad-key"],
      ["other/c", "SAME"],
    ],
  );
  t.match(problems[0]?.message, "default/a");
  t.end();
});

test("the .env file is private, replaced whole, and nothing that is not ours is replaced", async (t) => {
  const folder = t.testdir({ theirs: "PORT=1\n", folder: {} });
  const file = join(folder, "ours.env");
  const output = createEnvFile(file);
  t.strictSame(await output.write([secret("a", { ONE: "1" })]), []);
  t.equal(mode(file), "600");
  t.strictSame(await output.write([secret("a", { TWO: "2" })]), []);
  t.equal(readFileSync(file, "utf8"), `${envFileMark}\nTWO=2\n`);
  t.strictSame(await createEnvFile(file).write([]), [], "another run takes it over");

  t.match(await createEnvFile(join(folder, "theirs")).write([]), [{ message: /was not written by outboard local/ }]);
  t.equal(readFileSync(join(folder, "theirs"), "utf8"), "PORT=1\n");
  symlinkSync(file, join(folder, "link"));
  t.match(await createEnvFile(join(folder, "link")).write([]), [{ message: /is a symbolic link/ }]);
  t.match(await createEnvFile(join(folder, "folder")).write([]), [{ message: /EISDIR/ }]);
  t.match(await createEnvFile(join(folder, "no", "such")).write([]), [{ message: /ENOENT/ }]);
  t.strictSame(readdirSync(folder).sort(), ["folder", "link", "ours.env", "theirs"], "nothing half-written is left");
});

test("--out has a folder a namespace, a folder a Secret, a file a key, all private", async (t) => {
  const dir = join(t.testdir(), "new", "out");
  const binary = Uint8Array.of(0, 255, 10, 13);
  const problems = await createOutDir(dir).write([
    secret("app", { "tls.key": binary, user: "u" }),
    secret("b", { c: "d" }, "x"),
  ]);
  t.strictSame(problems, []);
  t.strictSame(new Uint8Array(readFileSync(join(dir, "default/app/tls.key"))), binary);
  t.equal(readFileSync(join(dir, "x/b/c"), "utf8"), "d");
  for (const path of [dir, join(dir, "default"), join(dir, "default/app")]) t.equal(mode(path), "700");
  t.equal(mode(join(dir, "default/app/user")), "600");
});

test("--out removes what it wrote and nothing else", async (t) => {
  const dir = join(t.testdir(), "out");
  await createOutDir(dir).write([secret("app", { a: "1", b: "2" }), secret("gone", { c: "3" }, "old")]);
  writeFileSync(join(dir, "default/app/mine"), "kept");
  mkdirSync(join(dir, "elsewhere"));
  t.strictSame(await createOutDir(dir).write([secret("app", { a: "changed" })]), [], "a second run");
  t.strictSame(readdirSync(join(dir, "default/app")).sort(), ["a", "mine"]);
  t.equal(readFileSync(join(dir, "default/app/a"), "utf8"), "changed");
  t.strictSame(readdirSync(dir).sort(), [".outboard.json", "default", "elsewhere"]);
});

test("--out leaves a file alone that it did not write, and writes once it is moved away", async (t) => {
  const dir = join(t.testdir({ out: { default: { app: { a: "theirs" } } } }), "out");
  for (const path of [dir, join(dir, "default"), join(dir, "default/app")]) chmodSync(path, 0o755);
  const output = createOutDir(dir);
  const secrets = [secret("app", { a: "ours", b: "2" })];
  t.match(await output.write(secrets), [{ secret: "default/app", key: "a", message: /was not written by outboard/ }]);
  t.equal(readFileSync(join(dir, "default/app/a"), "utf8"), "theirs");
  t.equal(readFileSync(join(dir, "default/app/b"), "utf8"), "2", "the other key is written");
  t.match(await createOutDir(dir).write(secrets), [{ key: "a" }], "the next run does not take it for its own");
  execFileSync("rm", [join(dir, "default/app/a")]);
  t.strictSame(await output.write(secrets), []);
  t.equal(readFileSync(join(dir, "default/app/a"), "utf8"), "ours");
});

test("--out follows no link, wherever it is planted", async (t) => {
  const secrets = [secret("app", { a: "value" }), secret("fine", { b: "2" }, "other")];
  const plants: Readonly<Record<string, string>> = {
    root: "",
    namespace: "default",
    secret: "default/app",
    key: "default/app/a",
  };
  for (const [what, path] of Object.entries(plants)) {
    const folder = t.testdir({ outside: {} });
    chmodSync(join(folder, "outside"), 0o700);
    const link = join(folder, "out", path);
    mkdirSync(join(link, ".."), { recursive: true, mode: 0o700 });
    symlinkSync(join(folder, "outside"), link);
    const problems = await createOutDir(join(folder, "out")).write(secrets);
    t.equal(problems.length, 1, `${what}: one problem`);
    t.match(problems[0]?.message, what === "key" ? /not written by outboard/ : /is a symbolic link/, what);
    t.strictSame(readdirSync(join(folder, "outside")), [], `${what}: nothing outside`);
    if (what !== "root") t.ok(existsSync(join(folder, "out/other/fine/b")), `${what}: the other Secret is there`);
  }
});

test("--out replaces no link that took the place of its own file", async (t) => {
  const folder = t.testdir({ outside: "theirs" });
  const dir = join(folder, "out");
  await createOutDir(dir).write([secret("app", { a: "1" })]);
  execFileSync("ln", ["-sf", join(folder, "outside"), join(dir, "default/app/a")]);
  t.match(await createOutDir(dir).write([secret("app", { a: "2" })]), [{ message: /is a symbolic link/ }]);
  t.equal(readFileSync(join(folder, "outside"), "utf8"), "theirs");
});

test("--out refuses keys that are no file names, by Secret and key, and writes the others", async (t) => {
  const dir = join(t.testdir(), "out");
  const output = createOutDir(dir);
  const problems = await output.write([secret("app", { "../../x": "1", "a\0b": "2", "..": "3", good: "4" })]);
  t.strictSame(
    problems.map(({ secret, key }) => [secret, key]),
    [
      ["default/app", "../../x"],
      ["default/app", "a\0b"],
      ["default/app", ".."],
    ],
  );
  t.strictSame(readdirSync(join(dir, "default/app")), ["good"]);
  for (const name of ["", ".", "..", "a/b", "a\\b", "a\0", "a\n", "x".repeat(256)]) t.notOk(isFileName(name));
  for (const name of [".dockerconfigjson", "tls.key", "...", "__proto__", "x".repeat(255)]) t.ok(isFileName(name));
});

test("--out refuses a folder that others can change", async (t) => {
  const dir = join(t.testdir({ out: {} }), "out");
  chmodSync(dir, 0o777);
  t.match(await createOutDir(dir).write([secret("a", { b: "c" })]), [
    { message: /can be written by others: chmod go-w/ },
  ]);
  chmodSync(dir, 0o755);
  t.strictSame(await createOutDir(dir).write([secret("a", { b: "c" })]), []);
});

test("a forged record makes --out remove nothing outside", async (t) => {
  const folder = t.testdir({ precious: { a: { b: "kept" } }, "top.txt": "kept", out: {} });
  chmodSync(join(folder, "out"), 0o700);
  const files = ["../precious/a", "../precious/a/b", "..//top.txt", "x/../../top.txt", "../../top.txt"];
  writeFileSync(join(folder, "out/.outboard.json"), JSON.stringify({ version: 1, files }));
  t.strictSame(await createOutDir(join(folder, "out")).write([]), []);
  t.equal(readFileSync(join(folder, "precious/a/b"), "utf8"), "kept");
  t.equal(readFileSync(join(folder, "top.txt"), "utf8"), "kept");
  writeFileSync(join(folder, "out/.outboard.json"), "{");
  t.match(await createOutDir(join(folder, "out")).write([]), [{ message: /is not what outboard local wrote/ }]);
});

test("--stdout gives manifests that read back byte for byte, each once until it changes", async (t) => {
  let text = "";
  const output = createStdout({ write: (chunk: string) => (text += chunk) });
  const first = secret("app", { key: Uint8Array.of(0, 255), ["__proto__"]: "p", yes: "no" });
  await output.write([first, secret("b", {})]);
  await output.write([first]);
  const documents = parseAllDocuments(text).map((document) => document.toJS({ mapAsMap: true }));
  t.equal(documents.length, 2);
  const [manifest] = documents;
  t.strictSame(manifest.get("data").get("key"), "AP8=");
  t.strictSame(manifest.get("data").get("__proto__"), "cA==");
  t.strictSame([...manifest.get("metadata").keys()], ["name", "namespace", "labels", "annotations"]);
  t.equal(manifest.get("kind"), "Secret");
  await output.write([secret("app", { key: "new" })]);
  t.equal(parseAllDocuments(text).length, 3);
});
