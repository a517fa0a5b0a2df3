import { join } from "node:path";
import t from "tap";
import { until } from "../../test/local-world.ts";
import { mountedSecret } from "../../test/mounted-secret.ts";
import { allowedClients } from "./allowed-clients.ts";

const core = "spiffe://cluster.local/ns/outboard/sa/core";
const webhook = "spiffe://cluster.local/ns/outboard/sa/webhook";
const own = "spiffe://example.com/own";

t.test("without a file it is those of the flags", async (t) => {
  const flags = await allowedClients({ flags: [{ uri: core }], file: undefined });
  t.strictSame(flags.current(), [{ uri: core }]);
  t.equal(flags.awaited(), undefined);
});

t.test("a file is awaited, read, followed, and left at its last good state", async (t) => {
  const mount = mountedSecret();
  const file = join(mount.folder, "clients");
  const news: object[] = [];
  const clients = await allowedClients({
    flags: [{ uri: own }],
    file,
    interval: 5,
    onNews: (from, one) => {
      t.equal(from, file);
      news.push(one);
    },
  });
  t.teardown(() => {
    clients.close();
    mount.remove();
  });
  const uris = () => clients.current().map(({ uri }) => uri);
  t.equal(clients.awaited(), `${file} is not there`);
  t.strictSame(uris(), [own], "those of the flags may call meanwhile");

  mount.swap({ clients: `# made by hand\n\n${core}\n${webhook};methods=Describe,ValidateStore\n` });
  await until("the file is read", () => clients.awaited() === undefined);
  t.strictSame(clients.current(), [
    { uri: own },
    { uri: core },
    { uri: webhook, methods: ["Describe", "ValidateStore"] },
  ]);
  for (const [text, problem] of [
    ["# nobody\n", "it names no client"],
    [`${core}\nwho knows\n`, "it starts with the URI of a client certificate"],
    [`${core};methods=All`, "methods= takes names out of"],
  ] as const) {
    const before = news.length;
    mount.swap({ clients: text });
    await until(`${JSON.stringify(text)} is refused`, () => news.length > before);
    t.match(news.slice(before), [{ held: true, problem: new RegExp(`^${file}: .*${problem}`) }], "told once");
    t.strictSame(uris(), [own, core, webhook]);
    t.equal(clients.awaited(), undefined);
  }
  mount.swap({ clients: core });
  await until("the next list is read", () => uris().length === 2);
  t.strictSame(uris(), [own, core], "who is no longer named may no longer call");
});
