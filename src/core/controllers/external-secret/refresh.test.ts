import { test } from "tap";
import { dataOf, externalSecret, target } from "../../../../test/external-secret-object.ts";
import type { ExternalSecretSpec, ExternalSecretStatus } from "../../../api/kinds/external-secret.ts";
import { dataHash } from "./hash.ts";
import { isSecretValid, nextLook, resourceVersionOf, shouldRefresh } from "./refresh.ts";

const hour = 3_600_000;
const now = Date.parse("2026-08-08T12:00:00Z");
const at = (milliseconds: number) => new Date(now + milliseconds).toISOString();

test("when values are read again", (t) => {
  const same = resourceVersionOf(externalSecret({}));
  const synced = (ago: number, version = same) => ({ refreshTime: at(-ago), syncedResourceVersion: version });
  const table: readonly (readonly [
    what: string,
    spec: ExternalSecretSpec,
    status: ExternalSecretStatus,
    expected: boolean,
  ])[] = [
    ["never synced", {}, {}, true],
    ["synced, not due", {}, synced(hour - 1_000), false],
    ["exactly due", {}, synced(hour), false],
    ["overdue", {}, synced(hour + 1_000), true],
    ["own interval", { refreshInterval: "1m" }, synced(61_000), true],
    ["changed", {}, synced(1_000, "2-x"), true],
    ["no refresh time", {}, { syncedResourceVersion: same, refreshTime: null }, true],
    ["refreshed in the future", {}, synced(-5_000), true],
    ["interval 0, never synced", { refreshInterval: "0" }, {}, true],
    ["interval 0, changed", { refreshInterval: "0" }, synced(hour, "2-x"), false],
    ["negative interval, changed", { refreshInterval: "-1s" }, synced(hour, "2-x"), false],
    ["CreatedOnce, never synced", { refreshPolicy: "CreatedOnce" }, {}, true],
    ["CreatedOnce, changed", { refreshPolicy: "CreatedOnce" }, synced(9 * hour, "2-x"), false],
    ["OnChange, overdue", { refreshPolicy: "OnChange" }, synced(9 * hour), false],
    ["OnChange, changed", { refreshPolicy: "OnChange" }, synced(1, "2-x"), true],
    ["OnChange, interval 0, changed", { refreshPolicy: "OnChange", refreshInterval: "0" }, synced(1, "2-x"), true],
    ["Periodic, overdue", { refreshPolicy: "Periodic" }, synced(2 * hour), true],
  ];
  for (const [what, spec, status, expected] of table)
    t.equal(shouldRefresh(externalSecret(spec, status), now), expected, what);
  t.end();
});

test("when to look again", (t) => {
  const table: readonly (readonly [
    what: string,
    interval: number,
    refreshTime: number | undefined,
    expected: unknown,
  ])[] = [
    ["interval 0", 0, now, { result: "done" }],
    ["negative", -1, now, { result: "done" }],
    ["never refreshed", hour, undefined, { result: "done", after: hour }],
    ["refreshed ten minutes ago", hour, now - 600_000, { result: "done", after: hour - 600_000 }],
    ["in the future", hour, now + 1, { result: "again" }],
    ["over", hour, now - hour, { result: "again" }],
  ];
  for (const [what, interval, time, expected] of table) t.strictSame(nextLook(interval, time, now), expected, what);
  t.end();
});

test("a target is valid while it is managed and holds what was written", (t) => {
  const data = dataOf({ a: "1" });
  const labels = { "reconcile.external-secrets.io/managed": "true" };
  const annotations = { "reconcile.external-secrets.io/data-hash": dataHash(data) };
  t.equal(isSecretValid(target({ data }, { labels, annotations })), true);
  t.equal(isSecretValid(undefined), false, "gone");
  t.equal(isSecretValid(target({ data }, { annotations })), false, "no label");
  t.equal(isSecretValid(target({ data }, { labels })), false, "no hash");
  t.equal(isSecretValid(target({ data: dataOf({ a: "2" }) }, { labels, annotations })), false, "edited");
  t.equal(isSecretValid(target({}, { labels, annotations })), false, "data unknown");
  t.end();
});
