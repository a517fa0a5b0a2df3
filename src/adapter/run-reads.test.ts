import t from "tap";
import { bytes, counted, getItem, mebibyte, options, read, start, testProvider } from "../../test/adapter-fixture.ts";
import { ProviderError } from "../api/errors.ts";
import type { SecretsClient } from "../api/provider.ts";
import { toReadItem } from "../wire/reads.ts";

t.test("Read answers in order, each read for itself", async (t) => {
  const started = await start(t, {
    provider: testProvider({
      getSecret: async ({ key }) => {
        if (key === "missing") throw new ProviderError("NoSecret", "not there");
        return bytes(key);
      },
      getSecretMap: async ({ key }) => new Map([[key, bytes("m")]]),
      getAllSecrets: async () => new Map([["f", bytes("f")]]),
    }),
  });
  const results = await read(started, [
    getItem("a"),
    { read: undefined },
    getItem("missing"),
    toReadItem({ op: "map", ref: { key: "b" } }),
    toReadItem({ op: "find", find: {} }),
  ]);
  t.match(results, [
    { value: bytes("a") },
    { error: { code: "Unsupported" } },
    { error: { code: "NoSecret", message: "not there" } },
    { values: new Map([["b", bytes("m")]]) },
    { values: new Map([["f", bytes("f")]]) },
  ]);
  t.equal(await counted(started.registry, 'grpc_server_requests_total{method="Read",code="OK"}'), 1);
  t.equal(
    (
      await read(
        started,
        Array.from({ length: 256 }, (_, index) => getItem(`k${index}`)),
      )
    ).length,
    256,
  );
  await t.rejects(
    read(
      started,
      Array.from({ length: 257 }, () => getItem("a")),
    ),
    { code: "TooLarge", message: /257 reads/ },
  );
});

t.test("what went wrong in one read of many is logged where only the log has the details", async (t) => {
  const thrown = new Map<string, Error>([
    ["missing", new ProviderError("NoSecret", "there is none")],
    ["broken", new SyntaxError("Unexpected token in hunter2")],
  ]);
  const started = await start(t, {
    provider: testProvider({
      getSecret: async ({ key }) => {
        throw thrown.get(key) ?? new Error("not asked for");
      },
    }),
  });
  const results = await read(started, ["missing", "broken"].map(getItem));
  t.match(results, [{ error: { code: "NoSecret" } }, { error: { code: "Internal" } }]);
  t.equal(started.lines.length, 1);
  const [line] = started.lines.map((text): unknown => JSON.parse(text));
  t.match(line, { method: "Read", code: "Internal", store: "SecretStore/team/main", cause: { type: "SyntaxError" } });
  t.notMatch(started.lines.join(""), "hunter2");
});

t.test(
  "Read defers what is past its budget, always answers the first, and says what no response can hold",
  async (t) => {
    const sizes = new Map([
      ["big", 3 * mebibyte],
      ["huge", 6 * mebibyte],
      ["monster", 9 * mebibyte],
      ["small", 10],
    ]);
    let fetched = 0;
    const getSecret: SecretsClient["getSecret"] = async ({ key }) => {
      fetched += 1;
      return new Uint8Array(sizes.get(key) ?? 0);
    };
    const shape = (results: Awaited<ReturnType<typeof read>>) =>
      results.map((result) =>
        "value" in result ? result.value.length : "error" in result ? result.error.code : "deferred",
      );
    const single = await start(t, { provider: testProvider({ getSecret }) });
    const native = await start(t, {
      provider: testProvider({
        read: (reads, signal) =>
          Promise.all(
            reads.map(async (each) => ({
              value: await getSecret(each.op === "find" ? { key: "" } : each.ref, signal),
            })),
          ),
      }),
    });
    for (const started of [single, native]) {
      t.strictSame(shape(await read(started, ["big", "small", "big", "small"].map(getItem))), [
        3 * mebibyte,
        10,
        "deferred",
        10,
      ]);
      t.strictSame(shape(await read(started, ["huge", "small"].map(getItem))), [6 * mebibyte, "deferred"]);
      t.strictSame(shape(await read(started, ["monster", "small"].map(getItem))), ["TooLarge", 10]);
      t.strictSame(shape(await read(started, ["small", "monster"].map(getItem))), [10, "TooLarge"]);
    }
    fetched = 0;
    const many = shape(
      await read(
        single,
        Array.from({ length: 40 }, () => getItem("big")),
      ),
    );
    t.strictSame(many, [3 * mebibyte, ...Array.from({ length: 39 }, () => "deferred")]);
    t.ok(fetched < 20, `what cannot be answered is not fetched (${fetched})`);
  },
);

t.test("Read stops before its deadline, and what is finished travels", async (t) => {
  // Legacy code that does not listen to signals.
  const { promise: hang, reject } = Promise.withResolvers<never>();
  const started = await start(t, {
    provider: testProvider({ getSecret: async ({ key }) => (key === "hangs" ? hang : bytes(key)) }),
  });
  const results = await read(started, ["a", "hangs", "b"].map(getItem), options(1_500));
  t.match(results, [{ value: bytes("a") }, { error: { code: "DeadlineExceeded" } }, { value: bytes("b") }]);
  const native = await start(t, { provider: testProvider({ read: () => hang }) });
  t.match(await read(native, [getItem("a")], options(1_500)), [{ error: { code: "DeadlineExceeded" } }]);
  reject(new Error("the end of the test"));
});

t.test("a provider whose read answers too few or fails gives errors, not wrong values", async (t) => {
  const few = await start(t, { provider: testProvider({ read: async () => [{ value: bytes("a") }] }) });
  t.match(await read(few, ["a", "b"].map(getItem)), [{ error: { code: "Internal" } }, { error: { code: "Internal" } }]);
  const failing = await start(t, {
    provider: testProvider({
      read: async () => {
        throw new ProviderError("Unavailable", "down");
      },
    }),
  });
  t.match(await read(failing, ["a", "b"].map(getItem)), [
    { error: { code: "Unavailable" } },
    { error: { code: "Unavailable" } },
  ]);
});
