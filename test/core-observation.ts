import type { Test } from "tap";
import { readyOf, systemNamespace, type CoreProcess, type Installation } from "./core-process.ts";
import { until } from "./e2e/outboard.ts";

/** Core's Lease. */
export const lease = { namespace: systemNamespace, path: "lease/external-secrets-controller" };

/** What the cases do with an installation. */
export function tools(world: Installation) {
  let spaces = 0;
  const condition = async (space: string, path: string) => readyOf(await world.get(space, path));
  return {
    /** A namespace of the case's own. */
    namespace: async () => {
      spaces += 1;
      await world.api.kubectl(["create", "namespace", `team-${spaces}`]);
      return `team-${spaces}`;
    },
    condition,
    ready: async (space: string, path: string, wanted: { readonly status: string; readonly message?: string }) => {
      let seen: unknown;
      await until(
        async () => {
          const ready = await condition(space, path);
          seen = ready;
          return ready?.status === wanted.status && (wanted.message ?? ready.message) === ready.message;
        },
        () => `${path} of ${space} is ${JSON.stringify(seen)}, and never was ${JSON.stringify(wanted)}`,
      );
    },
    password: async (space: string, name = "app") => {
      const secret = await world.get(space, `secret/${name}`);
      return secret && Buffer.from(secret.data?.["password"] ?? "", "base64").toString();
    },
    events: async (space: string) => {
      const text = await world.api.kubectl(["-n", space, "get", "events", "-o=json"]);
      const { items } = JSON.parse(text) as { items: readonly { reason: string; message: string }[] };
      return items.map(({ reason, message }) => `${reason}: ${message}`);
    },
    holder: async () => (await world.get(lease.namespace, lease.path))?.spec?.["holderIdentity"],
    /** Ends core as Kubernetes does; it must end well. */
    end: async (t: Test, core: CoreProcess) => {
      core.process.kill("SIGTERM");
      t.equal(await core.exited, 0, "it ended when asked");
    },
  };
}

/** Polls until `look` gives `wanted`. */
export async function becomes(what: string, look: () => Promise<unknown>, wanted: unknown): Promise<void> {
  let seen: unknown;
  await until(
    async () => (seen = await look()) === wanted,
    () => `${what} is ${JSON.stringify(seen)}, and never was ${JSON.stringify(wanted)}`,
  );
}

/** One request of core. */
export interface CoreRequest {
  /** "verb group/resource/subresource". */
  readonly right: string;
  /** Of the object; empty for objects of the cluster and requests about all namespaces. */
  readonly namespace: string;
  readonly isDenied: boolean;
  /** It was the shipped roles that allowed it, and not what every account may do. */
  readonly isShipped: boolean;
}

/** What core asked for, by the audit log. */
export function requests({ api, username }: Installation): readonly CoreRequest[] {
  return api.auditLines().flatMap(({ user, verb, objectRef, annotations = {} }) => {
    if (user.username !== username || objectRef === undefined) return [];
    const { apiGroup = "", resource, subresource, namespace = "" } = objectRef;
    const right = `${verb} ${apiGroup}/${resource}${subresource === undefined ? "" : `/${subresource}`}`;
    const isDenied = annotations["authorization.k8s.io/decision"] === "forbid";
    const isShipped = /RBAC: allowed by .*"outboard-core/.test(annotations["authorization.k8s.io/reason"] ?? "");
    return [{ right, namespace, isDenied, isShipped }];
  });
}
