import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { newClusters, newContexts, newUsers, type User } from "@kubernetes/client-node/dist/config_types.js";
import { parseDocument } from "yaml";
import { isRecord, textOf } from "./api-object.ts";
import type { Identity } from "./identity.ts";

/**
 * The current context of a kubeconfig. Rejects with what is wrong with the file and where; no message quotes it, since it
 * holds credentials. Paths in it are relative to its folder, as kubectl has them.
 */
export async function readKubeconfig(path: string): Promise<Identity> {
  const config = parsed(path, await readFile(path, "utf8"));
  const context = found(path, "contexts", newContexts(config["contexts"]), textOf(config["current-context"]));
  const cluster = found(path, "clusters", newClusters(config["clusters"]), context.cluster);
  const user = found(path, "users", newUsers(config["users"]), context.user);
  if (user.authProvider) {
    throw new Error(
      `${path}: user ${user.name}: auth-provider is not supported; use \`exec\` with a credential plugin`,
    );
  }
  const absolute = (file: string) => resolve(dirname(path), file);
  const tokenFile = tokenFileOf(config["users"], user.name);
  return {
    cluster: { ...cluster, ...(cluster.caFile && { caFile: absolute(cluster.caFile) }) },
    user: {
      ...user,
      ...(user.certFile && { certFile: absolute(user.certFile) }),
      ...(user.keyFile && { keyFile: absolute(user.keyFile) }),
      ...(user.exec && { exec: execOf(user, absolute) }),
    },
    ...(tokenFile !== undefined && { tokenFile: absolute(tokenFile) }),
  };
}

function parsed(path: string, text: string): Readonly<Record<string, unknown>> {
  const document = parseDocument(text);
  const [error] = document.errors;
  if (error !== undefined) throw new Error(`${path}:${error.linePos?.[0].line ?? 1}: not YAML`);
  const config: unknown = document.toJS();
  if (!isRecord(config)) throw new Error(`${path}: not a kubeconfig`);
  return config;
}

function found<Entry extends { readonly name: string }>(
  path: string,
  list: string,
  entries: readonly Entry[],
  name: string,
): Entry {
  const entry = entries.find((each) => each.name === name);
  if (entry === undefined) throw new Error(`${path}: ${list}: none is named ${JSON.stringify(name)}`);
  return entry;
}

/** client-node knows `token-file` only; kubectl's field is `tokenFile`. */
function tokenFileOf(users: unknown, name: string): string | undefined {
  const entries: readonly unknown[] = Array.isArray(users) ? users : [];
  const entry = entries.filter(isRecord).find((each) => each["name"] === name);
  const user = entry?.["user"];
  const file = isRecord(user) ? user["tokenFile"] : undefined;
  return typeof file === "string" && file !== "" ? file : undefined;
}

/** A plugin that is named with a folder is looked for beside the kubeconfig, and is told what it is asked for. */
function execOf({ exec }: User, absolute: (file: string) => string): object {
  const { command, apiVersion, env } = exec;
  const info = JSON.stringify({ apiVersion, kind: "ExecCredential", spec: { interactive: false } });
  return {
    ...exec,
    command: /[/\\]/.test(command) ? absolute(command) : command,
    env: [...(env ?? []), { name: "KUBERNETES_EXEC_INFO", value: info }],
  };
}
