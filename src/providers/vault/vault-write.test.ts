import { test, type Test } from "tap";
import { vaultMissing } from "../../../test/vault-server.ts";
import { getText, vaultFixture, writerOf, type VaultFixture } from "../../../test/vault-fixture.ts";

test("a real Vault", { skip: vaultMissing() }, async (t) => {
  const fixture = await vaultFixture(t);
  await t.test("push, delete and exists in KV 2", (t) => testWrites(t, fixture));
  await t.test("push, delete and exists in KV 1", (t) => testWritesKv1(t, fixture));
});

async function testWrites(t: Test, { server, open, withToken }: VaultFixture) {
  const client = await open(withToken);
  const { push, remove, exists } = writerOf(client);
  const read = async (key: string) => getText(client, { key });
  const metadata = async (key: string) => (await server.call("GET", `secret/metadata/${key}`))["data"];

  t.equal(await exists("pushed", ""), false);
  await push("pushed", "a", "1");
  t.equal(await read("pushed"), '{"a":"1"}');
  t.match(await metadata("pushed"), { current_version: 1, custom_metadata: { "managed-by": "external-secrets" } });
  await push("pushed", "b", "<2>");
  t.equal(await read("pushed"), '{"a":"1","b":"\\u003c2\\u003e"}');
  await push("pushed", "b", "<2>");
  t.match(await metadata("pushed"), { current_version: 2 }, "equal data is not written again");
  await push("pushed", "", '{"whole":{"big":7},"list":[1]}');
  t.equal(await read("pushed"), '{"list":[1],"whole":{"big":7}}');
  await push("pushed", "", '{ "list": [1], "whole": {"big": 7} }');
  t.match(await metadata("pushed"), { current_version: 3 });
  await t.rejects(push("pushed", "", "hunter2"), {
    code: "InvalidConfig",
    message: /must be a JSON object(?!.*hunter2)/,
  });

  t.equal(await exists("pushed", ""), true);
  t.equal(await exists("pushed", "whole.big"), true);
  t.equal(await exists("pushed", "absent"), false);

  await server.call("POST", "secret/data/foreign", { data: { a: "theirs" } });
  await t.rejects(push("foreign", "b", "x"), {
    code: "InvalidConfig",
    message: /^secret not managed by external-secrets/,
  });
  await server.call("POST", "secret/metadata/foreign", { custom_metadata: { "managed-by": "somebody" } });
  await t.rejects(push("foreign", "", "{}"), { message: "secret not managed by external-secrets" });
  await remove("foreign", "a");
  await remove("foreign", "");
  t.equal(await read("foreign"), '{"a":"theirs"}', "what others own is left alone");

  await push("pushed", "", '{"a":"1","b":"2"}');
  await remove("pushed", "absent");
  t.match(await metadata("pushed"), { current_version: 4 });
  await remove("pushed", "a");
  t.equal(await read("pushed"), '{"b":"2"}');
  await remove("pushed", "b");
  await t.rejects(metadata("pushed"), /404/, "with the last property goes the secret");
  await push("pushed", "a", "1");
  await remove("pushed", "");
  await t.rejects(metadata("pushed"), /404/);
  await remove("pushed", "");
  await remove("never-there", "a");

  await server.call("POST", "secret/data/soft", { data: { a: "1" } });
  await server.call("POST", "secret/metadata/soft", { custom_metadata: { kept: "yes" }, cas_required: true });
  await server.call("DELETE", "secret/data/soft");
  await t.rejects(push("soft", "b", "2"), { code: "Conflict" }, "the engine asks for check-and-set");
  const checked = writerOf(await open({ ...withToken, checkAndSet: { required: true } }));
  await checked.push("soft", "b", "2");
  t.equal(await read("soft"), '{"b":"2"}');
  t.match(await metadata("soft"), { custom_metadata: { kept: "yes", "managed-by": "external-secrets" } });
  await checked.push("soft", "c", "3");
  await checked.remove("soft", "b");
  t.equal(await read("soft"), '{"c":"3"}');
  await checked.push("fresh", "a", "1");
  t.equal(await read("fresh"), '{"a":"1"}');
}

async function testWritesKv1(t: Test, { server, open, withToken }: VaultFixture) {
  const client = await open({ ...withToken, path: "kv1", version: "v1" });
  const { push, remove, exists } = writerOf(client);
  const read = async (key: string) => (await server.call("GET", `kv1/${key}`))["data"];
  const mark = { custom_metadata: { "managed-by": "external-secrets" } };
  await push("pushed", "a", "1");
  t.strictSame(await read("pushed"), { a: "1", ...mark });
  await push("pushed", "b", "2");
  t.strictSame(await read("pushed"), { a: "1", b: "2", ...mark });
  await push("pushed", "", '{"c":"3"}');
  t.strictSame(await read("pushed"), { c: "3", ...mark });
  t.equal(await exists("pushed", "c"), true);
  await server.call("POST", "kv1/foreign", { a: "theirs" });
  await t.rejects(push("foreign", "b", "x"), {
    message: "secret not managed by external-secrets (no custom_metadata found)",
  });
  await remove("foreign", "");
  t.strictSame(await read("foreign"), { a: "theirs" });
  await push("pushed", "d", "4");
  await remove("pushed", "c");
  t.strictSame(await read("pushed"), { d: "4", ...mark });
  await remove("pushed", "d");
  await t.rejects(read("pushed"), /404/);
  t.equal(await exists("pushed", ""), false);
}
