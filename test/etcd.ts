import type { ApiServer } from "./api-server.ts";

/** Takes all of etcd's history away (etcd's JSON gateway): a watch that was left behind cannot go on. */
export async function compact({ etcdUrl }: Pick<ApiServer, "etcdUrl">): Promise<void> {
  const ask = async (path: string, body: object) => {
    const answer = await fetch(etcdUrl + path, { method: "POST", body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
    return (await answer.json()) as { readonly header: { readonly revision: string } };
  };
  const { header } = await ask("/v3/maintenance/status", {});
  await ask("/v3/kv/compaction", { revision: header.revision, physical: true });
}
