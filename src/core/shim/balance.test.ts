import { test } from "tap";
import { chooseConnection, type Candidate } from "./balance.ts";

const ready: Candidate = { state: "READY", serving: true, users: 0, lastUse: 0 };

test("a call goes where it is answered soonest", (t) => {
  const rows: readonly [name: string, best: Candidate, ...others: Candidate[]][] = [
    ["fewer users", { ...ready, users: 1, lastUse: 9 }, { ...ready, users: 2 }],
    ["equal ones take turns", { ...ready, lastUse: 1 }, { ...ready, lastUse: 2 }],
    ["a health that is not known yet is good", { ...ready, serving: undefined }, { ...ready, lastUse: 1 }],
    ["connected before connecting", { ...ready, serving: undefined, users: 9 }, { ...ready, state: "CONNECTING" }],
    ["connecting before not serving", { ...ready, state: "CONNECTING", users: 9 }, { ...ready, serving: false }],
    ["idle before not serving", { ...ready, state: "IDLE", users: 9 }, { ...ready, serving: false }],
    ["not serving before broken", { ...ready, serving: false, users: 9 }, { ...ready, state: "TRANSIENT_FAILURE" }],
    ["the only one, however it is", { ...ready, state: "TRANSIENT_FAILURE" }],
  ];
  for (const [name, best, ...others] of rows) {
    t.equal(chooseConnection([best, ...others]), best, name);
    t.equal(chooseConnection([...others, best]), best, name);
  }
  t.equal(chooseConnection([]), undefined);
  t.end();
});
