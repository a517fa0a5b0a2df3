import { isObject } from "../../src/api/structural.ts";
import type { KindSchemas } from "../../src/local/cluster/schemas.ts";
import type { ApiAccess, ApiAnswer } from "../api-access.ts";
import type { ApiServer } from "../api-server.ts";
import type { TableKind, Written } from "./row.ts";

/** What the API server makes of something written, without keeping it. */
export interface Verdict {
  readonly status: number;
  /** What it would store; undefined when it was refused. */
  readonly stored: Written | undefined;
  /** The fields that a refusal names, once each. */
  readonly fields: readonly string[];
}

/** Applies the CRDs and waits until the API server serves them. */
export async function applyCrds(api: Pick<ApiAccess, "kubectl">, ...args: readonly string[]): Promise<void> {
  await api.kubectl(["apply", "--server-side", "-f", "deploy/crds", ...args]);
  await api.kubectl(["wait", "--for=condition=Established", "--timeout=30s", "-f", "deploy/crds"]);
}

/** Something of each kind that statuses can be written to; the objects as they are stored. */
export async function createBases(
  api: ApiServer,
  schemas: KindSchemas,
  specs: Readonly<Record<TableKind, object>>,
): Promise<ReadonlyMap<TableKind, unknown>> {
  const bases = new Map<TableKind, unknown>();
  for (const kind of tableKinds) {
    const manifest = { ...typeOf(schemas, kind), metadata: { name: "base" }, spec: specs[kind] };
    const { status, body } = await api.request("POST", pathOf(schemas, kind), manifest);
    if (status !== 201) throw new Error(`${kind}: ${status} ${JSON.stringify(body)}`);
    bases.set(kind, body);
  }
  return bases;
}

/** Asks for it as `kubectl apply --dry-run=server` does, unknown fields being errors. `base` takes statuses. */
export async function verdictOf(
  api: ApiServer,
  { schemas, kind, base }: { readonly schemas: KindSchemas; readonly kind: TableKind; readonly base: unknown },
  written: Written & { readonly metadata?: object },
): Promise<Verdict> {
  const query = "?dryRun=All&fieldValidation=Strict";
  const path = pathOf(schemas, kind);
  if (!("status" in written)) {
    const manifest = { ...typeOf(schemas, kind), metadata: { name: "row" }, ...written };
    return read(await api.request("POST", path + query, manifest));
  }
  const whole = { ...(isObject(base) ? base : {}), ...written };
  return read(await api.request("PUT", `${path}/base/status${query}`, whole), "status");
}

const plurals: Readonly<Record<TableKind, string>> = {
  ExternalSecret: "externalsecrets",
  SecretStore: "secretstores",
  ClusterSecretStore: "clustersecretstores",
  ProviderClass: "providerclasses",
  ClusterProviderClass: "clusterproviderclasses",
  Provider: "providers",
  ClusterProvider: "clusterproviders",
  "Fake.provider.external-secrets.io": "fakes",
  "Vault.provider.external-secrets.io": "vaults",
};

const tableKinds = Object.keys(plurals) as readonly TableKind[];

function pathOf(schemas: KindSchemas, kind: TableKind): string {
  const namespace = schemas.get(kind)?.kind.namespaced === true ? "namespaces/default/" : "";
  return `/apis/${typeOf(schemas, kind).apiVersion}/${namespace}${plurals[kind]}`;
}

function typeOf(schemas: KindSchemas, id: TableKind): { readonly apiVersion: string; readonly kind: string } {
  const { apiVersion = "", kind = "" } = schemas.get(id)?.kind ?? {};
  return { apiVersion, kind };
}

function read({ status, body }: ApiAnswer, field: "spec" | "status" = "spec"): Verdict {
  const answer = isObject(body) ? body : {};
  if (status >= 300) return { status, stored: undefined, fields: [...new Set(fieldsOf(answer))].sort() };
  return { status, stored: { [field]: answer[field] }, fields: [] };
}

/** From the causes of a 422, and from the message of a 400 about unknown fields. */
function* fieldsOf(answer: Readonly<Record<string, unknown>>): Generator<string> {
  for (const [, field] of String(answer["message"]).matchAll(/unknown field "([^"]+)"/g)) yield field ?? "";
  const details = isObject(answer["details"]) ? answer["details"]["causes"] : undefined;
  for (const cause of Array.isArray(details) ? details : []) {
    const { field, message } = cause as { readonly field?: string; readonly message?: string };
    // Rules are not looked at before the rest is right.
    if (message?.includes("some validation rules were not checked")) continue;
    // Some causes name their field in their message alone.
    if (field !== "<nil>") yield field ?? "";
    else
      yield (
        /^.* in (\S+)$|"(\S+)" must validate/
          .exec(message ?? "")
          ?.slice(1)
          .find(Boolean) ?? `"${message}"`
      );
  }
}
