import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Test } from "tap";
import { createCa, issueLeaf, type KeyPair } from "../src/certs/issue.ts";
import { coreIdentity, type RunKeys } from "../src/local/run-keys.ts";
import { certificates, type Certificates, type CertificateSource } from "../src/wire/certificates.ts";
import { startApiServer, type ApiServer } from "./api-server.ts";
import { applyCrds } from "./crds/server.ts";
import { startShipped, systemNamespace, type ShippedProcess } from "./shipped-process.ts";
import { root } from "./test-bundles.ts";

/** What the API server gives out as its own address; the machine of the test's network namespace has it. */
export const machine = "10.99.0.1";

/** Port of gRPC in the Services. */
export const grpcPort = 8080;

const day = 24 * 3_600_000;

/** A cluster with the shipped manifests, and labelled Services whose endpoints are processes of the test. */
export interface ServiceWorld {
  readonly api: ApiServer;
  /** As the audit log has core. */
  readonly username: string;
  /** Makes a Service of the system namespace with one ready pod at `ip`; `serves` as its annotation has it. */
  service(name: string, serves: string, ip: string): Promise<void>;
  /** What a bundle's process shows that is all of these Services. */
  keysOf(...services: readonly string[]): Promise<Pick<RunKeys, "provider">>;
  /** The same for a peer within the test. */
  certificatesOf(service: string): Promise<CertificateSource>;
  /** What core shows. */
  readonly client: CertificateSource;
  /** Makes namespaces. */
  namespaces(...names: readonly string[]): Promise<void>;
  core(t: Test, args?: readonly string[]): Promise<ShippedProcess>;
}

/** Starts one, to be called in a network namespace that has {@link machine}; it ends with the test. */
export async function startServiceWorld(t: Test): Promise<ServiceWorld> {
  const api = await startApiServer({ audit: true, advertiseAddress: machine });
  t.teardown(() => api.stop());
  await api.kubectl(["apply", "-k", join(root, "deploy", "kustomize", "base")]);
  await applyCrds(api);
  const { username, kubeconfig } = await api.serviceAccount(systemNamespace, "outboard-core");
  const validity = { validity: day, now: Date.now() };
  const ca = await createCa({ commonName: "services", ...validity });
  const own = await issueLeaf({ ca, usage: "client", uris: [coreIdentity], ...validity });
  const pem = ({ certPem: cert, keyPem: key }: KeyPair): Certificates => ({ ca: ca.certPem, cert, key });
  const server = async (services: readonly string[]) => {
    const dnsNames = services.map((service) => `${service}.${systemNamespace}.svc`);
    return pem(await issueLeaf({ ca, usage: "server", dnsNames, ...validity }));
  };
  const create = async (path: string, object: object) => {
    const { status, body } = await api.request("POST", path, object);
    if (status !== 201) throw new Error(`${path}: ${status} ${JSON.stringify(body)}`);
  };
  return {
    api,
    username,
    client: certificates(pem(own)),
    certificatesOf: async (service) => certificates(await server([service])),
    keysOf: async (...services) => {
      const folder = write(t, await server(services));
      return { provider: async () => folder };
    },
    namespaces: async (...names) => {
      for (const name of names) await create("/api/v1/namespaces", { metadata: { name } });
    },
    service: async (name, serves, ip) => {
      await create(`/api/v1/namespaces/${systemNamespace}/services`, serviceOf(name, serves));
      await create(`/apis/discovery.k8s.io/v1/namespaces/${systemNamespace}/endpointslices`, sliceOf(name, ip));
    },
    core: (t, args = []) => {
      const folder = write(t, pem(own));
      const mounts = { "/etc/outboard/certs": folder };
      const flags = [`--tls-dir=${folder}`, "--loglevel=debug", ...args];
      return startShipped(t, api, { deployment: "outboard-core", kubeconfig, mounts, args: flags });
    },
  };
}

/** A folder of files as providers and core mount them. */
function write(t: Test, { ca, cert, key }: Certificates): string {
  // Real path: the permission model compares texts.
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "outboard-services-")));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const files = { "ca.crt": ca, "tls.crt": cert, "tls.key": key };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text, { mode: 0o600 });
  return folder;
}

function serviceOf(name: string, serves: string): object {
  return {
    metadata: {
      name,
      labels: { "external-secrets.io/provider": "true" },
      annotations: { "external-secrets.io/serves": serves },
    },
    spec: { clusterIP: "None", ports: [{ name: "grpc", port: grpcPort }] },
  };
}

function sliceOf(service: string, ip: string): object {
  const pod = { kind: "Pod", namespace: systemNamespace, name: `${service}-0` };
  return {
    metadata: { name: service, labels: { "kubernetes.io/service-name": service } },
    addressType: "IPv4",
    ports: [{ name: "grpc", port: grpcPort, protocol: "TCP" }],
    endpoints: [{ addresses: [ip], conditions: { ready: true, serving: true, terminating: false }, targetRef: pod }],
  };
}
