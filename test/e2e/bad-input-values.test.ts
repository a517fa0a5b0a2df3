import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "tap";
import { parseAllDocuments } from "yaml";
import { testBundles } from "../test-bundles.ts";
import {
  externalSecret,
  fake,
  folder,
  noTerminalEscapes,
  notFetched,
  notReady,
  reads,
  ready,
  scripted,
  store,
  text,
  watchScenarios,
  type Scenario,
} from "./bad-input.ts";
import { plantSecret, runOutboard } from "./outboard.ts";

/** A scenario whose ExternalSecret reads `keys` of the scripted provider, and works once it reads others. */
function values(name: string, keys: readonly string[], says: readonly RegExp[]): Scenario {
  const held = scripted({ good: plantSecret() });
  return {
    name,
    manifests: [store(name, held), externalSecret(name, reads(...keys))],
    says,
    mend: () => [store(name, held), externalSecret(name, reads("good"))],
  };
}

test("values that cannot be taken are told of, and no text of a backend comes through raw", async (t) => {
  const scenarios: readonly Scenario[] = [
    values(
      "too-large-value",
      ["bytes:9000000"],
      [
        notFetched(
          "too-large-value",
          "bytes:9000000",
          String.raw`the answer to this read has 9000000 bytes, and one may have 8\d+`,
          "TooLarge",
        ),
      ],
    ),
    values(
      "too-large-secret",
      ["bytes:700000", "bytes:600000"],
      [
        notReady(
          "ExternalSecret too-large-secret/bad",
          "SecretSyncedError: could not update secret",
          "Secret bad is invalid: data: must be at most 1048576 bytes together, are 1300000",
          "InvalidConfig",
        ),
      ],
    ),
    values(
      "error-text-of-an-sdk",
      ["throw"],
      [
        notFetched(
          "error-text-of-an-sdk",
          "throw",
          "unexpected error in the provider; its log has the details",
          "Internal",
        ),
        // The log says where it was thrown, and not what: the text holds a value.
        /"provider-scripted".*"method":"Read".*error-text-of-an-sdk/,
      ],
    ),
    values(
      "terminal-escapes",
      ["escape"],
      [
        notFetched(
          "terminal-escapes",
          "escape",
          String.raw`\\x1b\[2J\\x1b\]0;owned\\x07backend says no\\r\\nforged line`,
          "Unavailable",
        ),
      ],
    ),
    values(
      "rate-limited",
      ["limited:60000"],
      [notFetched("rate-limited", "limited:60000", "too many requests", "RateLimited")],
    ),
    {
      name: "not-json",
      manifests: [
        store("not-json", fake({ key: plantSecret() })),
        externalSecret("not-json", { dataFrom: [{ extract: { key: "key" } }] }),
      ],
      says: [
        new RegExp(
          String.raw`^ExternalSecret not-json/bad not Ready .*\n {2}error processing spec\.dataFrom\[0\]\.extract, err: .*\n {2}to mend it: `,
          "m",
        ),
      ],
      mend: () => [
        store("not-json", fake({ key: JSON.stringify({ member: plantSecret() }) })),
        externalSecret("not-json", { dataFrom: [{ extract: { key: "key" } }] }),
      ],
    },
    {
      name: "not-text",
      manifests: [store("not-text", scripted()), externalSecret("not-text", reads("latin1"))],
      says: [ready("not-text", "bad")],
    },
  ];
  await watchScenarios(t, scenarios, {
    during: async ({ out }) => {
      t.strictSame([...readFileSync(join(out, "not-text", "bad", "k0"))], [0xe9, 0xff, 0xfe], "byte for byte");
    },
  });
});

test("a provider that dies in the middle of a call is started again, and what else it serves comes through", (t) => {
  const held = scripted({ good: plantSecret() });
  const beside = externalSecret("dies", { ...reads("good"), secretStoreRef: { name: "bad" } }, "beside");
  return watchScenarios(t, [
    {
      name: "dies",
      manifests: [store("dies", held), externalSecret("dies", reads("exit:3")), beside],
      says: [
        /"msg":"provider scripted ended with code 3"/,
        new RegExp(
          String.raw`^ExternalSecret dies/bad not Ready .*\n {2}.*(the connection was lost during the call; it is tried again by itself|provider scripted ended with code 3|nothing listens there; it is tried again by itself)\n {2}to mend it: start, or mend, what`,
          "m",
        ),
        ready("dies", "beside"),
      ],
      mend: () => [store("dies", held), externalSecret("dies", reads("good")), beside],
    },
  ]);
});

test("a map of 50,000 keys becomes a Secret", async (t) => {
  const file = join(folder(t), "map.yaml");
  const good = plantSecret();
  writeFileSync(
    file,
    text([
      store("map", scripted()),
      externalSecret("map", { dataFrom: [{ extract: { key: "map:50000" } }] }),
      store("map", fake({ key: good }), "good"),
      externalSecret("map", reads("key"), "good"),
    ]),
  );
  const run = await runOutboard(t, ["local", "-f", file, "--once", "--stdout", "--bundle-dir", testBundles]);
  t.equal(run.code, 0, run.stderr);
  const secrets = new Map(
    parseAllDocuments(run.stdout, { uniqueKeys: false }).map((each) => [each.toJS().metadata.name, each.toJS().data]),
  );
  const data = new Map(Object.entries(secrets.get("bad")));
  t.equal(data.size, 50_000);
  t.equal(data.get("key-49999"), Buffer.from("49999").toString("base64"));
  t.equal(Buffer.from(secrets.get("good").k0, "base64").toString(), good);
  noTerminalEscapes(t, { stdout: () => run.stdout, stderr: () => run.stderr });
});
