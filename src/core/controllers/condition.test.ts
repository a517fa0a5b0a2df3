import { test } from "tap";
import { withReady, type HeldCondition } from "./condition.ts";

const now = Date.parse("2026-08-08T12:00:00Z");

test("a condition changes by ESO's rules", (t) => {
  const old: HeldCondition[] = [
    {
      type: "Ready",
      status: "True",
      reason: "SecretSynced",
      message: "secret synced",
      lastTransitionTime: "2026-01-01T00:00:00Z",
    },
    { type: "Deleted", status: "False" },
  ];
  const ready = { status: "True", reason: "SecretSynced", message: "secret synced" } as const;
  t.equal(withReady(old, ready, now), old, "the same: untouched");
  t.strictSame(
    withReady(old, { ...ready, message: "other" }, now)[1],
    { type: "Ready", ...ready, message: "other", lastTransitionTime: "2026-01-01T00:00:00Z" },
    "moved to the end, its time kept",
  );
  t.match(withReady(old, { ...ready, status: "False" }, now)[1], {
    status: "False",
    lastTransitionTime: "2026-08-08T12:00:00Z",
  });
  t.match(
    withReady(undefined, ready, now + 999),
    [{ type: "Ready", lastTransitionTime: "2026-08-08T12:00:00Z" }],
    "whole seconds",
  );
  t.end();
});
