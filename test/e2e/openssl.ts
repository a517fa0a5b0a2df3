import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { connect, type IncomingHttpHeaders } from "node:http2";
import { join } from "node:path";
import { Duplex } from "node:stream";
import type { Test } from "tap";
import type { KeyPair } from "../../src/certs/issue.ts";

/** How a connection made by `openssl s_client` went. */
export interface Attempt {
  /** `grpc-status` of a Describe through it; undefined: the server answered nothing. */
  readonly status: string | undefined;
  /** What openssl said. */
  readonly said: string;
}

/** What openssl connects with. */
export interface Client {
  /** IP address; loopback by default. */
  readonly host?: string;
  readonly port: number;
  readonly serverName: string;
  readonly caPem: string;
  /** Undefined: no certificate. */
  readonly pair: KeyPair | undefined;
  /** Flags beside those, such as `-tls1_2`. */
  readonly flags?: readonly string[];
}

/** Makes a TLS connection with `openssl s_client` and calls Describe through it. */
export async function describeThroughOpenssl(t: Test, client: Client): Promise<Attempt> {
  const folder = t.testdir({ "ca.crt": client.caPem });
  const own = client.pair === undefined ? [] : ["-cert", join(folder, "tls.crt"), "-key", join(folder, "tls.key")];
  if (client.pair !== undefined) {
    writeFileSync(join(folder, "tls.crt"), client.pair.certPem);
    writeFileSync(join(folder, "tls.key"), client.pair.keyPem);
  }
  const address = [
    "-connect",
    `${client.host ?? "127.0.0.1"}:${client.port}`,
    "-servername",
    client.serverName,
    "-alpn",
    "h2",
  ];
  const server = ["-CAfile", join(folder, "ca.crt"), "-verify_return_error"];
  const openssl = spawn("openssl", ["s_client", "-quiet", ...address, ...server, ...own, ...(client.flags ?? [])]);
  let said = "";
  openssl.stderr.on("data", (chunk) => (said += String(chunk)));
  openssl.stdin.on("error", () => undefined);
  const ended = new Promise<undefined>((resolve) => openssl.once("close", () => resolve(undefined)));
  const tunnel = Duplex.from({ readable: openssl.stdout, writable: openssl.stdin });
  const status = await Promise.race([describe(tunnel).catch(() => undefined), ended]);
  openssl.kill();
  await ended;
  return { status, said };
}

/** One gRPC call by hand over a stream; the status of its trailers. Rejects when the stream ends before. */
async function describe(tunnel: Duplex): Promise<string> {
  const session = connect("http://tunnel", { createConnection: () => tunnel });
  try {
    return await new Promise<string>((resolve, reject) => {
      for (const source of [session, tunnel]) {
        source.once("error", reject);
        source.once("close", () => reject(new Error("closed")));
      }
      const call = session.request({
        ":method": "POST",
        ":path": "/outboard.v1.Provider/Describe",
        "content-type": "application/grpc",
        te: "trailers",
      });
      call.once("error", reject);
      const take = ({ "grpc-status": status }: IncomingHttpHeaders) => {
        if (typeof status === "string") resolve(status);
      };
      call.once("response", take);
      call.once("trailers", take);
      call.resume();
      // An empty message, uncompressed.
      call.end(Buffer.alloc(5));
    });
  } finally {
    session.destroy();
  }
}
