import { test } from "tap";
import { metadataOf } from "../../test/object-meta.ts";
import { externalSecret } from "../api/kinds/external-secret.ts";
import type { Code } from "../api/errors.ts";
import type { KubeObject } from "../cluster/objects.ts";
import type { PendingItem } from "../core/core.ts";
import { rowOf } from "./board.ts";
import type { Row } from "./board.ts";
import { FailureNews } from "./failure-news.ts";
import { failure, line, problemLine, summary, table } from "./report.ts";
import { createReporter } from "./reporter.ts";
import { Settling } from "./settled.ts";

const row = (name: string, state: Row["state"], more: Partial<Row> = {}): Row => ({
  kind: "ExternalSecret",
  key: { namespace: "shop", name },
  state,
  reason: state === "unknown" ? "" : "Reason",
  message: "",
  ...more,
});

const object = (conditions: readonly object[] | undefined): KubeObject => ({
  apiVersion: externalSecret.apiVersion,
  kind: externalSecret.kind,
  metadata: metadataOf({ namespace: "shop", name: "app" }),
  spec: {},
  ...(conditions && { status: { conditions } }),
});

const event = (type: "Normal" | "Warning", message: string) =>
  ({ type, reason: "UpdateFailed", message, count: 1, firstAt: 0, lastAt: 0 }) as const;

test("a row is the Ready condition, with the last warning where that says more", (t) => {
  const failed = { type: "Ready", status: "False", reason: "SecretSyncedError", message: "could not" };
  const events = [event("Warning", "old"), event("Warning", "the key is missing"), event("Normal", "fine")];
  t.match(rowOf(object(undefined), []), { state: "unknown", reason: "", message: "" });
  t.match(rowOf(object([{ type: "Deleted", status: "True" }]), []), { state: "unknown" });
  t.strictSame(rowOf(object([failed]), events), {
    kind: "ExternalSecret",
    key: { namespace: "shop", name: "app" },
    state: "failed",
    reason: "SecretSyncedError",
    message: "could not",
    detail: "the key is missing",
  });
  t.notOk("detail" in rowOf(object([failed]), [event("Warning", "could not")]));
  t.notOk(
    "detail" in rowOf(object([{ ...failed, status: "True" }]), events),
    "an old warning is not told of what is Ready",
  );
  t.end();
});

test("a failure says what, why and how to mend it, and no text of others moves the cursor", (t) => {
  const nasty = row("app", "failed", { message: "a\u001b[2Jb\nc", detail: "d\u001b]0;x\u0007e" });
  const text = failure(nasty, "PermissionDenied");
  t.equal(
    text,
    [
      String.raw`ExternalSecret shop/app not Ready (Reason: a\x1b[2Jb\nc)`,
      String.raw`  d\x1b]0;x\x07e`,
      "  to mend it: let the store's credentials read this in the backend",
    ].join("\n"),
  );
  t.match(failure(row("app", "unknown"), undefined), /waiting\n {2}nothing has handled it/);
  t.match(
    line({ ...row("all", "ready"), kind: "ClusterSecretStore", key: { namespace: "", name: "all" } }),
    /^ClusterSecretStore all Ready/,
  );
  const problem = { secret: "shop/app", key: "../\u001b[1m", message: "its name" };
  t.equal(problemLine(problem), String.raw`Secret shop/app, key ../\x1b[1m: its name`);
  t.equal(problemLine({ message: "/out is a link" }), "/out is a link");
  t.end();
});

test("the table fits the terminal, and shows what failed first when not all fits", (t) => {
  const rows = [
    row("a", "ready"),
    row("b", "ready"),
    row("longer-name", "failed"),
    row("d", "unknown"),
    row("e", "ready"),
  ];
  t.strictSame(table(rows.slice(0, 3), 80, 10), [
    "ExternalSecret shop/a            Ready      Reason",
    "ExternalSecret shop/b            Ready      Reason",
    "ExternalSecret shop/longer-name  not Ready  Reason",
  ]);
  const short = table(rows, 30, 3);
  t.equal(short.length, 3);
  t.match(short, [/longer-nam/, /shop\/d/, /^\.\.\. and 3 more/]);
  t.ok(short.every((each) => each.length <= 30));
  t.strictSame(table([], 80, 10), []);
  t.equal(table(rows, 80, 1).length, 1);
  t.equal(summary(rows), "3 of 5 Ready");
  t.match(summary([]), /no ExternalSecret and no store/);
  t.end();
});

test("off a terminal each change is one line, and nothing is told twice", (t) => {
  let text = "";
  const reporter = createReporter({ write: (chunk) => (text += chunk) });
  reporter.progress([row("a", "unknown"), row("b", "failed")]);
  reporter.progress([row("a", "ready"), row("b", "failed")]);
  reporter.print("said");
  reporter.progress([row("a", "ready"), row("b", "ready")]);
  reporter.end();
  t.strictSame(text.split("\n"), [
    "ExternalSecret shop/b not Ready (Reason)",
    "ExternalSecret shop/a Ready (Reason)",
    "said",
    "ExternalSecret shop/b Ready (Reason)",
    "",
  ]);
  t.end();
});

test("off a terminal, what failed is left to whoever prints it whole, if there is one", (t) => {
  let text = "";
  const reporter = createReporter({ write: (chunk) => (text += chunk) }, { withFailed: false });
  reporter.progress([row("a", "ready"), row("b", "failed")]);
  reporter.progress([row("a", "failed"), row("b", "ready")]);
  reporter.progress([row("a", "ready"), row("b", "ready")]);
  t.strictSame(text.split("\n"), [
    "ExternalSecret shop/a Ready (Reason)",
    "ExternalSecret shop/b Ready (Reason)",
    "ExternalSecret shop/a Ready (Reason)",
    "",
  ]);
  t.end();
});

test("on a terminal the table is drawn over itself, below what is printed", (t) => {
  const chunks: string[] = [];
  const reporter = createReporter({ isTTY: true, columns: 0, rows: 0, write: (chunk) => chunks.push(chunk) });
  reporter.progress([row("a", "unknown"), row("b", "unknown")]);
  reporter.progress([row("a", "unknown"), row("b", "unknown")]);
  reporter.print("said");
  reporter.end();
  reporter.print("last");
  const [drawn, printed, last] = chunks;
  t.equal(chunks.length, 3, "nothing is drawn for no change");
  t.notMatch(drawn, "\u001b");
  t.match(drawn, /shop\/a  waiting\n.*shop\/b  waiting\n/, "no size is no reason to show nothing");
  t.equal(printed, `\u001b[2A\u001b[Jsaid\n${drawn}`);
  t.equal(last, "last\n", "the table stays");
  t.end();
});

const pending = (name: string, code: Code, failures: number, more: Partial<PendingItem> = {}): PendingItem => ({
  kind: "ExternalSecret",
  key: { namespace: "shop", name },
  active: false,
  dueAt: 1,
  failures,
  error: { code, message: "" },
  ...more,
});

test("--once waits for what may mend itself and for nothing else", (t) => {
  const cases: readonly (readonly [string, Row, PendingItem | undefined, boolean])[] = [
    ["Ready", row("a", "ready"), undefined, true],
    [
      "Ready and due for a refresh",
      row("a", "ready"),
      { ...pending("a", "NoSecret", 0), error: { code: "NoSecret", message: "" } },
      true,
    ],
    ["not looked at yet", row("a", "unknown"), pending("a", "NoSecret", 0), false],
    ["nothing handles it", row("a", "unknown"), undefined, true],
    ["running", row("a", "failed"), pending("a", "NoSecret", 5, { active: true }), false],
    ["failed once for good", row("a", "failed"), pending("a", "NoSecret", 1), true],
    ["unreachable, twice", row("a", "failed"), pending("a", "Unavailable", 2), false],
    ["unreachable, three times", row("a", "failed"), pending("a", "Unavailable", 3), true],
    ["rate limited, once", row("a", "failed"), pending("a", "RateLimited", 1), false],
  ];
  for (const [what, each, item, expected] of cases) {
    t.equal(new Settling().settled([each], item ? [item] : []), expected, what);
  }
  const { dueAt: _, ...stuck } = pending("a", "Unavailable", 1);
  t.ok(new Settling().settled([row("a", "failed")], [stuck]), "only a change helps");
  t.end();
});

test("--once gives what failed through a store another try when the store is mended", (t) => {
  const settling = new Settling();
  const store = (state: Row["state"]): Row => ({ ...row("store", state), kind: "SecretStore" });
  const denied = (failures: number) => pending("app", "InvalidConfig", failures);
  const waiting: PendingItem = { ...pending("store", "Unavailable", 1), kind: "SecretStore" };
  t.notOk(settling.settled([store("failed"), row("app", "failed")], [waiting, denied(2)]));
  t.notOk(settling.settled([store("ready"), row("app", "failed")], [denied(2)]), "it is about to be tried");
  t.ok(settling.settled([store("ready"), row("app", "failed")], [denied(3)]), "it failed again");
  t.ok(settling.settled([store("ready"), row("app", "ready")], []));
  t.end();
});

test("a failure is news once, again when its reason changes, and not while it is tried again", (t) => {
  const news = new FailureNews();
  const failed = (detail: string) => [row("app", "failed", { detail }), row("other", "ready")];
  const item = (code: Code, active = false): readonly PendingItem[] => [
    {
      kind: "ExternalSecret",
      key: { namespace: "shop", name: "app" },
      active,
      failures: 1,
      error: { code, message: "" },
    },
  ];
  t.match(news.next(failed("refused"), item("Unavailable")), [/refused\n {2}to mend it: start, or mend, what/]);
  t.strictSame(news.next(failed("refused"), item("Unavailable")), []);
  t.strictSame(news.next(failed("wrong token"), item("Unavailable", true)), [], "its error is still the old one");
  t.match(news.next(failed("wrong token"), item("Unauthenticated")), [/wrong token\n {2}to mend it: correct the cred/]);
  t.strictSame(news.next([row("app", "ready")], []), []);
  t.equal(news.next(failed("wrong token"), item("Unauthenticated")).length, 1, "it had been Ready meanwhile");
  t.end();
});
