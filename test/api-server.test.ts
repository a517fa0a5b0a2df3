import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";
import { test } from "tap";
import { isObject } from "../src/api/structural.ts";
import { apiServerMissing, startApiServer } from "./api-server.ts";
import { plainCommand } from "./plain-command.ts";

test(
  "a real API server starts, answers its accounts, writes down who asked, and comes back with what it had",
  {
    skip: apiServerMissing(),
  },
  async (t) => {
    const api = await startApiServer({ audit: true });
    t.teardown(() => api.stop());
    const rules = [{ apiGroups: [""], resources: ["secrets"], verbs: ["get"] }];
    const account = await api.serviceAccount("team", "robot", { namespace: "team", rules });
    const asked = (verb: string, namespace: string) =>
      api.kubectl(["auth", "can-i", verb, "secrets", "-n", namespace, `--as=${account.username}`]).catch(() => "no");
    t.match(await asked("get", "team"), "yes");
    t.equal(await asked("list", "team"), "no");
    t.equal(await asked("get", "default"), "no");
    await api.restart();
    t.match(await api.request("GET", "/api/v1/namespaces/team/serviceaccounts/robot"), { status: 200 });
    t.match(await api.request("GET", "/api/v1/namespaces/team/secrets/none"), { status: 404 });
    const line = api.auditLines().findLast(({ objectRef }) => objectRef?.name === "none");
    t.match(line, { verb: "get", user: { username: "admin" }, responseStatus: { code: 404 } });
  },
);

test(
  "with the controller manager, what has lost its owner is collected",
  {
    skip: apiServerMissing({ controllerManager: true }),
  },
  async (t) => {
    const api = await startApiServer({ controllerManager: true });
    t.teardown(() => api.stop());
    const path = "/api/v1/namespaces/default/configmaps";
    const { body } = await api.request("POST", path, { metadata: { name: "owner" } });
    const uid = isObject(body) && isObject(body["metadata"]) ? body["metadata"]["uid"] : undefined;
    const ownerReferences = [{ apiVersion: "v1", kind: "ConfigMap", name: "owner", uid }];
    t.match(await api.request("POST", path, { metadata: { name: "owned", ownerReferences } }), { status: 201 });
    await api.request("DELETE", `${path}/owner`);
    while ((await api.request("GET", `${path}/owned`)).status !== 404) await setTimeout(100);
  },
);

test(
  "it ends with the test process, and its folder goes, however that ends",
  {
    skip: apiServerMissing(),
  },
  async (t) => {
    const script = `
    import { startApiServer } from "./test/api-server.ts";
    const { url, etcdUrl, adminKubeconfig } = await startApiServer();
    console.log(JSON.stringify({ url, etcdUrl, adminKubeconfig }));`;
    const [program, args] = plainCommand(process.execPath, ["--input-type=module-typescript", "-e", script]);
    const child = spawn(program, args, { cwd: join(import.meta.dirname, ".."), stdio: ["ignore", "pipe", "inherit"] });
    t.teardown(() => child.kill("SIGKILL"));
    const [line] = (await once(createInterface({ input: child.stdout }), "line")) as string[];
    const { url, etcdUrl, adminKubeconfig } = JSON.parse(line ?? "{}") as Record<string, string>;
    child.kill("SIGKILL");
    const refuses = (address = "") =>
      fetch(address).then(
        () => false,
        (error: unknown) => error instanceof Error && JSON.stringify(error.cause).includes("ECONNREFUSED"),
      );
    while (!(await refuses(url)) || !(await refuses(etcdUrl))) await setTimeout(50);
    while (existsSync(dirname(adminKubeconfig ?? ""))) await setTimeout(50);
    t.pass("nothing listens and nothing is left");
  },
);
