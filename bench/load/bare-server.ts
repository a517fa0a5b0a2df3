// What Outboard's provider side is compared with: a server of grpc-js alone, as its documentation has it, with the same
// service and mutual TLS, whose handler answers a constant. Takes the flags of a provider's bundle and ignores the rest.
import { Server, ServerCredentials } from "@grpc/grpc-js";
import type { sendUnaryData } from "@grpc/grpc-js";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { SecretStoreProviderService, type GetSecretResponse } from "../../src/wire/gen/provider/v1/secretstore.ts";
import { secretValue } from "./store.ts";

const folder = process.argv.find((argument) => argument.startsWith("--tls-dir="))?.slice("--tls-dir=".length) ?? ".";
const read = (file: string) => readFileSync(join(folder, file));
const pair = { cert_chain: read("tls.crt"), private_key: read("tls.key") };
const answer: GetSecretResponse = { value: Buffer.from(secretValue), info: undefined };

const server = new Server();
server.addService(SecretStoreProviderService, {
  getSecret: (_call: unknown, callback: sendUnaryData<GetSecretResponse>) => callback(null, answer),
});
server.bindAsync("127.0.0.1:0", ServerCredentials.createSsl(read("ca.crt"), [pair], true), (error, port) => {
  if (error !== null) throw error;
  process.stdout.write(`${JSON.stringify({ port })}\n`);
});
process.stdin.resume().on("end", () => process.exit());
