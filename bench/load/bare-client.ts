// What core's side is compared with: a client of grpc-js alone that sends the messages that core sends.
import { ChannelCredentials, Metadata } from "@grpc/grpc-js";
import type { GetSecretRequest } from "../../src/wire/gen/provider/v1/secretstore.ts";
import { SecretStoreProviderClient } from "../../src/wire/gen/provider/v1/secretstore.ts";
import { encodeSpec, toContext } from "../../src/wire/context.ts";
import { toDataRemoteRef } from "../../src/wire/reads.ts";
import { serveLoads, type Target } from "./load.ts";
import { benchStore, secretRef, type StoreShape } from "./store.ts";

const callTimeout = 30_000;
let client: SecretStoreProviderClient | undefined;

serveLoads(async ({ target, load }) => {
  client ??= connect(target);
  const connected = client;
  const request = requestFor(load.store);
  return () =>
    new Promise((resolve, reject) => {
      connected.getSecret(request, new Metadata(), { deadline: Date.now() + callTimeout }, (error, response) => {
        if (error !== null) reject(error);
        else resolve([response.value]);
      });
    });
});

function connect({ port, serverName, certificates: { ca, cert, key } }: Target): SecretStoreProviderClient {
  const credentials = ChannelCredentials.createSsl(Buffer.from(ca), Buffer.from(key), Buffer.from(cert));
  return new SecretStoreProviderClient(`127.0.0.1:${port}`, credentials, {
    "grpc.ssl_target_name_override": serverName,
    "grpc.default_authority": serverName,
  });
}

function requestFor(shape: StoreShape): GetSecretRequest {
  const { spec, ...store } = benchStore(shape);
  const digest = "00".repeat(32);
  return {
    remoteRef: toDataRemoteRef(secretRef(0)),
    providerRef: undefined,
    sourceNamespace: store.namespace,
    compatibilityStore: undefined,
    context: toContext({
      store,
      spec: encodeSpec(spec),
      callerNamespace: store.namespace,
      credentials: [],
      digest,
      ambient: false,
    }),
  };
}
