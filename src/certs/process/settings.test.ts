import { test } from "tap";
import { parseSettings, UsageError } from "../../process/settings.ts";
import { certsSettings, checkCertsSettings } from "./settings.ts";

const parse = (...argv: readonly string[]) => {
  const settings = parseSettings(certsSettings, argv);
  checkCertsSettings(settings);
  return settings;
};

const hour = 3_600_000;

test("by default a CA lasts a year, and all that it signs ninety days", (t) => {
  t.match(parse(), {
    caValidity: 8760 * hour,
    caLookahead: 60 * 24 * hour,
    leafValidity: 90 * 24 * hour,
    leafLookahead: 35 * 24 * hour,
    interval: hour / 6,
    lookInterval: hour / 60,
    propagationTime: hour / 6,
    clusterDomain: "cluster.local",
    trustDomain: undefined,
    clients: [],
  });
  t.end();
});

test("seconds will do", (t) => {
  const flags = "--ca-validity=40s --ca-lookahead=25s --leaf-validity=12s --leaf-lookahead=7s --propagation-time=5s";
  t.equal(parse(...flags.split(" ")).leafLookahead, 7_000);
  t.end();
});

test("values that do not fit each other are refused by name", (t) => {
  const table: readonly (readonly [argv: readonly string[], message: RegExp])[] = [
    [["--ca-lookahead=8760h"], /--ca-lookahead must be shorter than --ca-validity/],
    [["--leaf-lookahead=2160h"], /--leaf-lookahead must be shorter than --leaf-validity/],
    [["--leaf-validity=8761h"], /--leaf-validity must not be longer than --ca-validity/],
    [["--propagation-time=720h"], /--ca-lookahead must be longer than twice --propagation-time/],
    [["--interval=0s"], /--interval must be from 1s/],
    [["--ca-validity=1000000h"], /--ca-validity must be from/],
    [["--cluster-domain=Cluster.Local"], /--cluster-domain must be a DNS name/],
    [["--trust-domain=a b"], /--trust-domain must be a DNS name/],
    [["--client=a"], /--client "a"/],
    [["--live-addr=8080"], /--live-addr/],
  ];
  for (const [argv, message] of table) {
    t.throws(() => parse(...argv), { name: UsageError.name, message }, argv.join(" "));
  }
  t.end();
});
