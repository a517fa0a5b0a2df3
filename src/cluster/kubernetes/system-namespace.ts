import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { accountFolder } from "./identity.ts";

/** The namespace of the installation: as given, else the pod's own, else the one that the manifests in deploy/ have. */
export async function systemNamespace(given: string | undefined, folder = accountFolder): Promise<string> {
  if (given !== undefined) return given;
  const own = await readFile(join(folder, "namespace"), "utf8").catch(() => "");
  return own.trim() || "external-secrets";
}
