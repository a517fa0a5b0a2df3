import type { ApiServer } from "./api-server.ts";

/** Takes all of etcd's history away (etcd's JSON gateway): a watch that was left behind cannot go on. */
export async function compact({ etcdUrl }: Pick<ApiServer, "etcdUrl">): Promise<void> {
  const { header } = (await ask(etcdUrl, "/v3/maintenance/status", {})) as {
    readonly header: { readonly revision: string };
  };
  await ask(etcdUrl, "/v3/kv/compaction", { revision: header.revision, physical: true });
}

/** How often each Secret has been written since it was made, by "namespace/name": etcd's own count. */
export async function secretWrites({ etcdUrl }: Pick<ApiServer, "etcdUrl">): Promise<ReadonlyMap<string, number>> {
  const prefix = "/registry/secrets/";
  const encoded = (text: string) => Buffer.from(text).toString("base64");
  // All keys that begin with the prefix: up to the next character.
  const range = { key: encoded(prefix), range_end: encoded(`${prefix.slice(0, -1)}0`), keys_only: true };
  const { kvs = [] } = (await ask(etcdUrl, "/v3/kv/range", range)) as {
    readonly kvs?: readonly { readonly key: string; readonly version: string }[];
  };
  return new Map(
    kvs.map(({ key, version }) => [Buffer.from(key, "base64").toString().slice(prefix.length), Number(version)]),
  );
}

async function ask(etcdUrl: string, path: string, body: object): Promise<unknown> {
  const answer = await fetch(etcdUrl + path, { method: "POST", body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return await answer.json();
}
