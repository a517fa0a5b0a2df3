import { mkdirSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { mountedSecret } from "../../test/mounted-secret.ts";
import { until } from "../../test/local-world.ts";
import { createCa, issueLeaf } from "../certs/issue.ts";
import { certificateFiles, type CertificateNews } from "./certificate-files.ts";
import { identify } from "./certificates.ts";
import { MountedFileError, readMountedFiles } from "./mounted-files.ts";

const hour = 3_600_000;
const start = Date.now();
const ca = await createCa({ commonName: "test", validity: 100 * hour, now: start });
const owner = { namespace: "secrets", service: "vault" };

/** Files of a pair that is valid from `from` hours after the start for `validity` hours. */
async function pair(from = 0, validity = 10): Promise<Record<string, string>> {
  const names = { usage: "server" as const, dnsNames: ["vault", "vault.secrets", "vault.secrets.svc"] };
  const leaf = await issueLeaf({ ca, ...names, validity: validity * hour, now: start + from * hour });
  return { "ca.crt": ca.certPem, "tls.crt": leaf.certPem, "tls.key": leaf.keyPem };
}

const serial = (files: Readonly<Record<string, string>>) =>
  identify({ ca: files["ca.crt"] ?? "", cert: files["tls.crt"] ?? "", key: "" }).leafSerial;

async function follow(t: Test, first?: Readonly<Record<string, string>>) {
  const mount = mountedSecret(first);
  const news: CertificateNews[] = [];
  const clock = { now: start };
  const looks = { count: 0 };
  const files = await certificateFiles({
    folder: mount.folder,
    interval: 5,
    now: () => {
      looks.count += 1;
      return clock.now;
    },
    onNews: (one) => news.push(one),
  });
  t.teardown(() => {
    files.close();
    mount.remove();
  });
  /** Waits for another look or two at what is there now. */
  const looked = async () => {
    const before = looks.count;
    await until("files are looked at", () => looks.count > before + 4);
  };
  const inUse = () => {
    const current = files.source.current();
    return current && identify(current).leafSerial;
  };
  const becomes = (what: Readonly<Record<string, string>>) =>
    until("the pair is taken", () => inUse() === serial(what));
  const says = (problem: RegExp | undefined) =>
    until(`it says ${problem}`, () => {
      const now = files.problem();
      return problem === undefined ? now === undefined : problem.test(now ?? "");
    });
  return { ...mount, files, news, clock, looked, inUse, becomes, says };
}

t.test("a pair that is there is in use at once, and each swap is taken once", async (t) => {
  const [first, second] = [await pair(), await pair()];
  const { swap, news, inUse, becomes, looked } = await follow(t, first);
  t.equal(inUse(), serial(first));
  swap(second);
  await becomes(second);
  await looked();
  t.strictSame(news, [
    { what: "taken", owner, replaced: false },
    { what: "taken", owner, replaced: true },
  ]);
});

t.test("what is late is awaited by name, then taken", async (t) => {
  const { folder, swap, files, news, becomes, says } = await follow(t);
  t.equal(files.source.current(), undefined);
  t.equal(files.problem(), `${folder}/ca.crt is not there`);
  const whole = await pair();
  const { "tls.key": _, ...half } = whole;
  swap(half);
  await says(/tls\.key is not there$/);
  swap({ ...whole, "tls.key": "" });
  await says(/the private key is no PEM that can be read$/);
  swap(whole);
  await becomes(whole);
  await says(undefined);
  t.match(
    news.map(({ what }) => what),
    ["problem", "problem", "problem", "taken"],
  );
  t.match(news[0], { owner: undefined });
});

t.test("while the good pair stays: torn, mixed, expired, not yet valid, gone", async (t) => {
  const first = await pair();
  const { folder, swap, news, inUse, says, looked } = await follow(t, first);
  const cases: readonly (readonly [files: Readonly<Record<string, string>>, problem: RegExp])[] = [
    [{ ...first, "tls.crt": (first["tls.crt"] ?? "").slice(0, 100) }, /the certificate has no certificate in PEM; the/],
    [{ ...first, "tls.key": (await pair())["tls.key"] ?? "" }, /private key does not belong to the certificate; the/],
    [{ ...first, "ca.crt": "" }, /the CA bundle has no certificate in PEM; the pair before it stays in use$/],
    [await pair(-20), /: the certificate expired at .*Z; the pair before it stays in use$/],
    [await pair(20), /: the certificate is not valid before .*Z; the pair before it stays in use$/],
  ];
  for (const [files, problem] of cases) {
    swap(files);
    await says(problem);
    t.equal(inUse(), serial(first), String(problem));
  }
  await looked();
  rmSync(join(folder, "..data"));
  await says(/ca\.crt is not there; the pair before it stays in use$/);
  t.equal(inUse(), serial(first));
  const problems = news.filter(({ what }) => what === "problem");
  t.equal(problems.length, cases.length + 1, "each is told once");
  for (const problem of problems) t.match(problem, { owner });
  t.notMatch(JSON.stringify(news), /PRIVATE KEY/);
});

t.test("a pair of tomorrow is taken tomorrow, and that the one in use has expired is said", async (t) => {
  const [today, tomorrow] = [await pair(0, 10), await pair(5, 10)];
  const { swap, clock, news, inUse, becomes, says } = await follow(t, today);
  swap(tomorrow);
  await says(/not valid before/);
  t.equal(inUse(), serial(today));
  clock.now = start + 6 * hour;
  await becomes(tomorrow);
  await says(undefined);
  clock.now = start + 16 * hour;
  await says(/: the certificate expired at [^;]*$/);
  const other = await pair(-20);
  swap(other);
  await becomes(other);
  t.match(news.at(-1), { what: "problem" }, "neither is any good: the newer is in use, so that peers say so");
});

t.test("what is back as it was is said to be mended", async (t) => {
  const first = await pair();
  const { swap, news, says } = await follow(t, first);
  swap({ ...first, "ca.crt": "" });
  await says(/CA bundle/);
  swap(first);
  await says(undefined);
  t.strictSame(
    news.map(({ what }) => what),
    ["taken", "problem", "mended"],
  );
});

t.test("files are read from one version of the mount, and a swap while they are read is no failure", async (t) => {
  const mount = mountedSecret({ a: "1", b: "1" });
  t.teardown(() => mount.remove());
  // The names in the mount lead elsewhere: what is read is what ..data leads to.
  unlinkSync(join(mount.folder, "b"));
  writeFileSync(join(mount.folder, "b"), "torn");
  t.strictSame(await readMountedFiles(mount.folder, ["a", "b"]), ["1", "1"]);
  let version = 1;
  const ended = new AbortController();
  const reads = async () => {
    for (let read = 0; read < 200; read++) {
      const found = await readMountedFiles(mount.folder, ["a", "b"]);
      if (found instanceof MountedFileError) t.fail(found.message);
      else if (found[0] !== found[1]) t.fail(`torn: ${found.join(" and ")}`);
    }
    ended.abort();
  };
  const swaps = async () => {
    while (!ended.signal.aborted) {
      version += 1;
      mount.swap({ a: String(version), b: String(version) });
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  await Promise.all([reads(), swaps()]);
  t.ok(version > 2, `${version} versions`);
});

t.test("a folder that is no mount works as well, and what cannot be read says why", async (t) => {
  const folder = t.testdir({ a: "1" });
  t.strictSame(await readMountedFiles(folder, ["a"]), ["1"]);
  mkdirSync(join(folder, "b"));
  t.match(await readMountedFiles(folder, ["a", "b"]), { message: `${folder}/b cannot be read (EISDIR)` });
  symlinkSync("nowhere", join(folder, "..data"));
  t.match(await readMountedFiles(folder, ["a"]), { message: `${folder}/a is not there` });
});
