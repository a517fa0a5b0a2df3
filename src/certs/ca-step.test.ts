import { createPrivateKey } from "node:crypto";
import { test } from "tap";
import { announced, readCaState, replaced, switched, trustBundle, type CaState } from "./ca-state.ts";
import { caStep, type CaStep, type Reach } from "./ca-step.ts";
import { readPair, type HeldCertificate } from "./certificate.ts";
import { createCa, issueLeaf } from "./issue.ts";

const second = 1_000;
const start = Date.UTC(2026, 0, 1);
const rules = { caLookahead: 25 * second, propagationTime: 5 * second, lookInterval: second, interval: 60 * second };
const reached: Reach = { lagging: 0, movedAt: Number.NEGATIVE_INFINITY };
const lagging: Reach = { lagging: 1, movedAt: Number.NEGATIVE_INFINITY };

/** A CA of 40 s that begins so many seconds after `start`. */
async function ca(after: number): Promise<HeldCertificate> {
  const pair = await createCa({ commonName: `ca ${after}`, validity: 40 * second, now: start + after * second });
  const held = readPair(Buffer.from(pair.certPem), Buffer.from(pair.keyPem));
  if (held === undefined) throw new Error("no pair");
  return held;
}

const first = await ca(0);
const next = await ca(15);
const stable: CaState = {
  ca: first,
  caCertificate: first.certificate,
  next: undefined,
  previous: [],
  phase: "stable",
  since: start,
  requested: false,
};
const announcedState: CaState = { ...stable, next, phase: "announced", since: start + 15 * second };
const switchedState: CaState = {
  ...stable,
  ca: next,
  caCertificate: next.certificate,
  previous: [first.certificate],
  phase: "switched",
  since: start + 20 * second,
};

test("each state of the CA has one next step at each time", (t) => {
  const wait = (after: number): CaStep => ({ step: "wait", at: start + after * second });
  const replace = (reason: "missing" | "unusable", previous = [first.certificate]): CaStep => ({
    step: "replace",
    reason,
    previous,
  });
  const switchTo = (previous = [first.certificate]): CaStep => ({ step: "switch", next, previous });
  const torn = { ...stable, ca: undefined };
  const table: readonly (readonly [name: string, state: CaState | undefined, after: number, step: CaStep, Reach?])[] = [
    ["there is none", undefined, 0, replace("missing", [])],
    ["it is good", stable, 14, wait(15)],
    ["its end is near", stable, 15, { step: "announce", reason: "expiry" }],
    ["it is asked for", { ...stable, requested: true }, 1, { step: "announce", reason: "requested" }],
    ["its key is lost", torn, 1, replace("unusable")],
    ["its key is lost, and it has ended", torn, 41, replace("unusable", [])],
    ["it has ended", stable, 40, replace("unusable", [])],
    ["the next is made known", announcedState, 19, wait(20)],
    ["the next is known", announcedState, 20, switchTo()],
    ["the next is known to all since a second", announcedState, 20, wait(23), { lagging: 0, movedAt: start + 18_000 }],
    ["somebody does not know the next", announcedState, 22, wait(23), lagging],
    ["half of what the old one had left is over", announcedState, 27.5, switchTo(), lagging],
    ["the old one ended before", announcedState, 40, switchTo([])],
    ["the old one is lost meanwhile", { ...announcedState, ca: undefined }, 16, switchTo()],
    ["the next is lost", { ...announcedState, next: undefined }, 16, { step: "announce", reason: "unusable" }],
    ["all leaves are new", switchedState, 24, wait(25)],
    ["all leaves have been new for long", switchedState, 25, { step: "retire" }],
    ["a leaf is old", switchedState, 30, wait(31), lagging],
    ["the old one has ended", switchedState, 40, { step: "retire" }, lagging],
    ["the new one is asked for again", { ...switchedState, requested: true }, 24, wait(25)],
    ["the phase is not said", { ...stable, phase: undefined }, 1, { step: "repair", phase: "stable" }],
    ["the phase is lost midway", { ...announcedState, phase: undefined }, 16, { step: "repair", phase: "announced" }],
    ["the phase is lost later", { ...switchedState, phase: undefined }, 21, { step: "repair", phase: "switched" }],
    ["the clock was ahead", { ...stable, since: start + 3_600_000 }, 1, { step: "repair", phase: "stable" }],
  ];
  for (const [name, state, after, step, reach = reached] of table) {
    t.strictSame(caStep({ state, remembered: [], reach, rules, now: start + after * second }), step, name);
  }
  const gone = { state: undefined, reach: reached, rules, now: start };
  const remembered = [first.certificate];
  t.strictSame(
    caStep({ ...gone, remembered }),
    replace("missing"),
    "what was trusted stays so when the Secret is gone",
  );
  t.end();
});

test("what a step writes is what the next reading finds", (t) => {
  const read = (...writes: readonly ReadonlyMap<string, Uint8Array | null>[]) => {
    const data = new Map<string, Uint8Array>();
    for (const [key, value] of writes.flatMap((write) => [...write])) {
      if (value === null) data.delete(key);
      else data.set(key, value);
    }
    return readCaState({ data, annotations: {} });
  };
  const made = replaced(first.pair, [], start);
  t.match(read(made), { phase: "stable", since: start, previous: [], next: undefined, requested: false });
  t.equal(trustBundle(read(made)), first.pair.certPem);
  const told = announced(next.pair, start + second);
  t.match(read(made, told), { phase: "announced", since: start + second });
  t.equal(trustBundle(read(made, told)), first.pair.certPem + next.pair.certPem);
  const signing = switched(next, [first.certificate], start + 2 * second);
  t.match(read(made, told, signing), { phase: "switched", next: undefined });
  t.equal(trustBundle(read(made, told, signing)), next.pair.certPem + first.pair.certPem);
  t.equal(trustBundle(read(replaced(next.pair, [first.certificate], start))), next.pair.certPem + first.pair.certPem);
  t.end();
});

test("what is torn in the CA's Secret is missing, and never an error", async (t) => {
  const leaf = await issueLeaf({
    ca: first.pair,
    usage: "client",
    uris: ["spiffe://a/b"],
    validity: second,
    now: start,
  });
  const { certPem, keyPem } = first.pair;
  const state = (texts: Readonly<Record<string, string>>) =>
    readCaState({ data: new Map(Object.entries(texts).map(([k, v]) => [k, Buffer.from(v)])), annotations: {} });
  t.match(state({}), { ca: undefined, caCertificate: undefined, phase: undefined });
  t.match(state({ "ca.crt": certPem, "ca.key": keyPem.slice(0, 60) }), {
    ca: undefined,
    caCertificate: { pem: certPem },
  });
  t.match(state({ "ca.crt": certPem, "ca.key": next.pair.keyPem }), { ca: undefined, caCertificate: { pem: certPem } });
  t.match(
    state({ "ca.crt": leaf.certPem, "ca.key": leaf.keyPem }),
    { ca: undefined, caCertificate: undefined },
    "no CA",
  );
  const sec1 = createPrivateKey(keyPem).export({ type: "sec1", format: "pem" }).toString();
  t.match(state({ "ca.crt": certPem, "ca.key": sec1 }).ca, { pair: { keyPem } }, "OpenSSL's form of a key will do");
  for (const phase of ["", "null", "{", '{"phase":"stable"}', '{"phase":"later","since":"2026-01-01T00:00:00Z"}']) {
    t.equal(state({ phase }).phase, undefined, phase);
  }
});
