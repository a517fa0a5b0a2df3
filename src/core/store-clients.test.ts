import { test } from "tap";
import { ProviderError } from "../api/errors.ts";
import type { Provider } from "../api/provider.ts";
import { fixedContext } from "../../test/fixed-context.ts";
import { vaultStore } from "../../test/core-store.ts";
import { withClient } from "./store-clients.ts";

const never = new AbortController().signal;
const refused = new ProviderError("Unauthenticated", "no such token");

/** A provider whose clients answer in turn, and credentials that are others after a reread when there is `news`. */
function testClients(answers: readonly (string | Error)[], { news = true, aborted = false } = {}) {
  const log: string[] = [];
  const left = [...answers];
  const validate = async () => {
    const answer = left.shift() ?? new Error("more calls than answers");
    if (answer instanceof Error) throw answer;
    return "Ready" as const;
  };
  const provider = {
    name: "vault",
    newClient: async () => {
      log.push("open");
      return { validate, close: async () => void log.push("close") };
    },
  } as unknown as Provider;
  const reread = async () => (log.push("reread"), news);
  const clients = {
    providerFor: () => provider,
    credentials: { context: () => ({ ...fixedContext(new Map()), reread }) },
  };
  const store = vaultStore();
  const signal = aborted ? AbortSignal.abort() : never;
  const run = () =>
    withClient(clients, { store, callerNamespace: "team-a", signal }, { run: (client) => client.validate(signal) });
  return { log, run };
}

test("refused credentials are read live once, and used again only when they are others", async (t) => {
  const rotated = testClients([refused, "fine"]);
  t.equal(await rotated.run(), "Ready");
  t.strictSame(rotated.log, ["open", "close", "reread", "open", "close"]);

  const same = testClients([refused, "fine"], { news: false });
  await t.rejects(same.run(), refused);
  t.strictSame(same.log, ["open", "close", "reread"]);

  const wrong = testClients([refused, refused, "fine"]);
  await t.rejects(wrong.run(), refused);
  t.strictSame(wrong.log, ["open", "close", "reread", "open", "close"], "never a third time");

  const other = testClients([new ProviderError("PermissionDenied", "not for you"), "fine"]);
  await t.rejects(other.run(), { code: "PermissionDenied" });
  t.strictSame(other.log, ["open", "close"]);

  const late = testClients([refused, "fine"], { aborted: true });
  await t.rejects(late.run(), refused);
  t.strictSame(late.log, ["open", "close"], "nobody waits for it");
});

test("a result can say that credentials were refused", async (t) => {
  const results = ["refused", "fine", "fine"];
  const context = { ...fixedContext(new Map()), reread: async () => true };
  const client = { close: async () => {} };
  const provider = { newClient: async () => client } as unknown as Provider;
  const result = await withClient(
    { providerFor: () => provider, credentials: { context: () => context } },
    { store: vaultStore(), callerNamespace: "team-a", signal: never },
    { run: async () => results.shift(), isRefused: (each) => each === "refused" },
  );
  t.equal(result, "fine");
  t.strictSame(results, ["fine"], "the second result counts");
});
