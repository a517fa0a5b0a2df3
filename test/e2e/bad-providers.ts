import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync, cpSync } from "node:fs";
import { join } from "node:path";
import { testBundles } from "../test-bundles.ts";

/** A program in a bundle's place. It gets the flags of one; CommonJS, and nothing but Node's own modules. */
export interface BadProvider {
  readonly name: string;
  /** The key of `spec.provider` that it serves. */
  readonly key: string;
  readonly program: string;
}

/** Says where the program listens, and ends it with its parent, as a bundle does. */
const announce = `
  const announce = (server) =>
    server.listen(0, "127.0.0.1", () => console.log(JSON.stringify({ port: server.address().port, metricsPort: 1 })));
  process.stdin.on("end", () => process.exit()).resume();
  const quiet = (socket) => socket.on("error", () => {});
  const tlsDir = process.argv.find((flag) => flag.startsWith("--tls-dir=")).slice("--tls-dir=".length);
  const pem = (file) => require("node:fs").readFileSync(tlsDir + "/" + file);
  const own = () => ({ ca: pem("ca.crt"), cert: pem("tls.crt"), key: pem("tls.key"), requestCert: true, minVersion: "TLSv1.3" });
`;

/** Programs that go wrong in all the ways that a provider's process can. `stranger` is a certificate of another CA. */
export function badPrograms(stranger: {
  readonly certPem: string;
  readonly keyPem: string;
}): ReadonlyMap<string, string> {
  const { certPem: cert, keyPem: key } = stranger;
  return new Map([
    ["ends-at-once", "process.exit(3);"],
    ["prints-garbage", `${announce} console.log("\\u001b[2J\\u0000 hello");`],
    ["listens-nowhere", `${announce} console.log(JSON.stringify({ port: 1, metricsPort: 1 }));`],
    ["says-nothing", `${announce} setInterval(() => {}, 1000);`],
    [
      "no-tls",
      `${announce} announce(require("node:net").createServer((s) => quiet(s).end("\\u001b[2Jgarbage\\n\\n")));`,
    ],
    [
      "strange-certificate",
      `${announce} announce(require("node:http2").createSecureServer(${JSON.stringify({ cert, key })}).on("sessionError", () => {}));`,
    ],
    [
      "garbage-after-handshake",
      `${announce} announce(require("node:tls").createServer({ ...own(), ALPNProtocols: ["h2"] }, (s) => quiet(s).end("\\u001b[2Jgarbage".repeat(99))));`,
    ],
    [
      // Message of a length that the frame does not have.
      "garbage-answers",
      `${announce}
       const server = require("node:http2").createSecureServer(own());
       server.on("sessionError", () => {}).on("stream", (stream) => {
         quiet(stream).respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
         stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
         stream.end(Buffer.from([0, 0, 0, 0, 5, 255, 255, 255, 255, 255]));
       });
       announce(server);`,
    ],
    [
      "web-server",
      `${announce}
       const server = require("node:http2").createSecureServer(own());
       server.on("sessionError", () => {}).on("stream", (stream) => {
         quiet(stream).respond({ ":status": 200, "content-type": "text/html" });
         stream.end("<html>\\u001b[2J</html>");
       });
       announce(server);`,
    ],
  ]);
}

/** A folder of bundles: those of the tests, and these. */
export function bundlesWith(folder: string, providers: readonly BadProvider[]): string {
  cpSync(testBundles, folder, { recursive: true });
  const path = join(folder, "providers.json");
  const manifest = JSON.parse(readFileSync(path, "utf8")) as { version: number; providers: object[] };
  for (const { name, key, program } of providers) {
    const file = `providers/${name}/provider.cjs`;
    mkdirSync(join(folder, "providers", name));
    writeFileSync(join(folder, file), program);
    const sha256 = createHash("sha256").update(program).digest("hex");
    manifest.providers.push({ name, displayName: name, keys: [key], file, sha256, bytes: Buffer.byteLength(program) });
  }
  writeFileSync(path, JSON.stringify(manifest));
  return folder;
}
