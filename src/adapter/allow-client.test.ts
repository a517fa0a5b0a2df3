import type { ServiceError } from "@grpc/grpc-js";
import t from "tap";
import {
  ask,
  bytes,
  callContext,
  client,
  coreUri,
  counted,
  get,
  getRequest,
  start,
  testProvider,
} from "../../test/adapter-fixture.ts";
import { toContext } from "../wire/context.ts";
import { HealthCheckResponse_ServingStatus as ServingStatus } from "../wire/gen/grpc/health/v1/health.ts";
import { fromStatus } from "../wire/status.ts";
import { parseAllowClient } from "./allow-client.ts";

t.test("--allow-client is parsed strictly", async (t) => {
  t.strictSame(parseAllowClient(coreUri), { uri: coreUri });
  t.strictSame(parseAllowClient(`${coreUri};methods=Read,Describe;namespaces=a,b-1`), {
    uri: coreUri,
    methods: ["Read", "Describe"],
    namespaces: ["a", "b-1"],
  });
  const wrong: readonly [string, RegExp][] = [
    ["", /starts with the URI/],
    ["core", /starts with the URI/],
    ["spiffe://a b", /starts with the URI/],
    [`${coreUri};methods=Reed`, /methods= takes names out of GetSecret, /],
    [`${coreUri};methods=`, /methods= takes names/],
    [`${coreUri};namespaces=A`, /namespaces= takes names of namespaces/],
    [`${coreUri};namespaces=`, /namespaces= takes names of namespaces/],
    [`${coreUri};methods=Read;methods=Describe`, /each once/],
    [`${coreUri};method=Read`, /after the URI there may be/],
    [`${coreUri};`, /after the URI there may be/],
  ];
  for (const [text, message] of wrong) t.throws(() => parseAllowClient(text), { name: "UsageError", message }, text);
});

t.test("who --allow-client does not name is refused and counted", async (t) => {
  const admin = "spiffe://cluster.local/ns/outboard/sa/webhook";
  const tenant = "spiffe://cluster.local/ns/team/sa/core";
  const provider = testProvider({ getSecret: async () => bytes("v") });
  const allow = [coreUri, `${admin};methods=Describe,ValidateStore`, `${tenant};namespaces=team,other`];
  const started = await start(t, { provider, allow });
  const refusals = (reason: string) =>
    counted(started.registry, `grpc_server_requests_refused_total{reason="${reason}"}`);

  const stranger = started.dial(await client("spiffe://cluster.local/ns/x/sa/y"));
  await t.rejects(get(stranger), {
    code: "PermissionDenied",
    message: /spiffe:\/\/cluster\.local\/ns\/x\/sa\/y may not call this provider/,
  });
  await t.rejects(
    ask((m, o, c) => stranger.health.check({ service: "" }, m, o, c)),
    { code: "PermissionDenied" },
  );
  t.equal(await refusals("identity"), 2);

  const webhook = started.dial(await client(admin));
  await ask((m, o, c) => webhook.provider.describe({}, m, o, c));
  t.match(await ask((m, o, c) => webhook.health.check({ service: "" }, m, o, c)), { status: ServingStatus.SERVING });
  await t.rejects(get(webhook), { code: "PermissionDenied", message: /may not call GetSecret/ });
  t.equal(await refusals("method"), 1);

  const limited = started.dial(await client(tenant));
  await get(limited);
  const foreign = toContext({ ...callContext, store: { ...callContext.store, namespace: "elsewhere" } });
  await t.rejects(
    ask((m, o, c) => limited.store.getSecret({ ...getRequest, context: foreign }, m, o, c)),
    {
      code: "PermissionDenied",
      message: /may not call for this namespace/,
    },
  );
  t.equal(await refusals("namespace"), 1);
});

t.test("a stranger cannot watch health", async (t) => {
  const started = await start(t, { provider: testProvider({}) });
  const { health } = started.dial(await client("spiffe://stranger"));
  const { promise, resolve } = Promise.withResolvers<ServiceError>();
  health.watch({ service: "" }).once("error", resolve);
  t.equal(fromStatus(await promise).code, "PermissionDenied");
});
