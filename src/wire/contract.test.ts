import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import t from "tap";

const root = fileURLToPath(new URL("../..", import.meta.url));

async function check(...argv: readonly string[]) {
  const run = promisify(execFile)(process.execPath, [join(root, "scripts", "check-proto.mjs"), ...argv]);
  return run.then(
    ({ stdout }) => ({ code: 0, output: stdout }),
    ({ code, stderr }: { code: number; stderr: string }) => ({ code, output: stderr }),
  );
}

t.test("the contract as it stands holds", async (t) => {
  t.match(await check(), { code: 0, output: "the wire contract holds" });
});

const provider = "provider/v1/secretstore.proto";
const outboard = "outboard/v1/provider.proto";
const cases: readonly [what: string, file: string, from: string, to: string, told: RegExp][] = [
  [
    "a number of the prototype that changed",
    provider,
    "bytes value = 1;",
    "bytes value = 2;",
    /prototype's contract changed/,
  ],
  [
    "a type of the prototype that changed",
    provider,
    "bool valid = 1;",
    "string valid = 1;",
    /prototype's contract changed/,
  ],
  ["an enum number that changed", provider, "WRITE_ONLY = 1;", "WRITE_ONLY = 3;", /prototype's contract changed/],
  [
    "our field beside the prototype's that moved",
    provider,
    "outboard.v1.Info info = 100;",
    "outboard.v1.Info info = 101;",
    /Outboard's contract changed/,
  ],
  [
    "a number of ours that changed",
    outboard,
    "string version = 4;",
    "string version = 44;",
    /Outboard's contract changed/,
  ],
  [
    "a field that was added and not recorded",
    outboard,
    "string version = 4;",
    "string version = 4;\n  string build = 11;",
    /contract\.binpb lacks what was added/,
  ],
  ["a name against the style", outboard, "string version = 4;", "string Version = 4;", /buf lint/],
  ["a file that is no proto", outboard, "message", "massage", /buf lint/],
];

t.test("what would break a peer, or was not recorded, does not pass", async (t) => {
  for (const [what, file, from, to, told] of cases) {
    const folder = await mkdtemp(join(tmpdir(), "outboard-contract-"));
    t.teardown(() => rm(folder, { recursive: true }));
    await cp(join(root, "proto"), folder, { recursive: true });
    const text = await readFile(join(folder, file), "utf8");
    t.ok(text.includes(from), `${what}: there is such a line`);
    await writeFile(join(folder, file), text.replace(from, to));
    t.match(await check("--proto", folder), { code: 1, output: told }, what);
  }
});
