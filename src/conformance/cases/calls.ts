import assert from "node:assert/strict";
import { withinDeadline } from "../../api/deadline.ts";
import type { Read, RemoteRef } from "../../api/provider.ts";
import { readAll } from "../../api/read-all.ts";
import { mediumValue } from "../seed.ts";
import { never, rejectsWith, sameBytes, withClient } from "../expect.ts";
import type { ConformanceCase, Subject } from "../subject.ts";

const text = new TextEncoder();

/** Validation, capabilities, cancellation, deadlines, concurrency and batches. */
export const callCases: readonly ConformanceCase[] = [
  {
    name: "reports exactly the operations it has",
    run: async ({ provider, operations }) => {
      assert.deepEqual([...(await provider.capabilities(never()))].sort(), [...operations].sort());
    },
  },
  {
    name: "a store that works validates as Ready",
    run: (subject) => withClient(subject, async (client) => assert.equal(await client.validate(never()), "Ready")),
  },
  {
    name: "validateStore finds nothing wrong with a good spec",
    run: async ({ provider, store }) => {
      assert.deepEqual((await provider.validateStore(store, never())).errors, []);
    },
  },
  {
    name: "a spec of the wrong type is InvalidConfig that names the field, at the first call at the latest",
    run: async (subject) => {
      const { store, pointer } = subject.badStore;
      const error = await rejectsWith(
        withClient({ ...subject, store }, (client) => client.getSecret(subject.ref("conformance-text"), never())),
        "InvalidConfig",
      );
      assert.ok(error.message.includes(pointer), `does not name ${pointer}: ${error.message}`);
    },
  },
  {
    name: "validateStore reports a spec of the wrong type",
    run: async ({ provider, badStore }) => {
      const { errors } = await provider.validateStore(badStore.store, never());
      assert.ok(
        errors.some((error) => error.includes(badStore.pointer)),
        `errors: ${errors.join("; ")}`,
      );
    },
  },
  {
    name: "an aborted signal is Cancelled before anything is asked",
    needs: ["get"],
    run: (subject) =>
      withClient(subject, async (client) => {
        await rejectsWith(client.getSecret(subject.ref("conformance-text"), AbortSignal.abort()), "Cancelled");
      }),
  },
  {
    name: "a call that hangs ends when it is cancelled, as Cancelled",
    needs: ["get"],
    unless: "hanging",
    run: (subject) =>
      withClient(subject, async (client) => {
        const controller = new AbortController();
        const call = client.getSecret(hanging(subject), controller.signal);
        setTimeout(() => controller.abort(), 100);
        await rejectsWith(call, "Cancelled");
      }),
  },
  {
    name: "a call that hangs ends at its deadline, as DeadlineExceeded",
    needs: ["get"],
    unless: "hanging",
    run: (subject) =>
      withClient(subject, async (client) => {
        const call = withinDeadline(never(), 700, (signal) => client.getSecret(hanging(subject), signal));
        await rejectsWith(call, "DeadlineExceeded");
      }),
  },
  {
    name: "of a batch in which one read hangs, the others are answered at the deadline",
    needs: ["get"],
    unless: "hanging",
    run: (subject) =>
      withClient(subject, async (client) => {
        const reads: Read[] = [
          get(subject.ref("conformance-text")),
          get(hanging(subject)),
          get(subject.ref("conformance-text")),
        ];
        const [first, second, third] = await withinDeadline(never(), 2_000, (signal) => readAll(client, reads, signal));
        assert.ok(first !== undefined && "value" in first && third !== undefined && "value" in third);
        assert.ok(second !== undefined && "error" in second && second.error.code === "DeadlineExceeded");
      }),
  },
  {
    name: "64 calls at once each get their own value",
    needs: ["get"],
    run: (subject) =>
      withClient(subject, async (client) => {
        const calls = Array.from({ length: 64 }, async (_, index) => {
          const value = await client.getSecret(subject.ref(`conformance-many-${index}`), never());
          sameBytes(value, text.encode(`value ${index}`), `value ${index}`);
        });
        await Promise.all(calls);
      }),
  },
  {
    name: "256 reads of 16 MiB in all, some of them missing, are answered in order",
    needs: ["get"],
    run: (subject) =>
      withClient(subject, async (client) => {
        const reads = Array.from({ length: 256 }, (_, index) =>
          get(subject.ref(index % 50 === 7 ? "conformance-missing" : "conformance-medium")),
        );
        const results = await withinDeadline(never(), 60_000, (signal) => readAll(client, reads, signal));
        assert.equal(results.length, 256);
        results.forEach((result, index) => {
          if (index % 50 === 7) assert.ok("error" in result && result.error.code === "NoSecret", `read ${index}`);
          else {
            assert.ok("value" in result, `read ${index} failed: ${"error" in result ? result.error.message : ""}`);
            sameBytes(result.value, mediumValue, `read ${index}`);
          }
        });
      }),
  },
  {
    name: "300 reads of three kinds are answered in order",
    needs: ["get", "map", "find"],
    run: (subject) =>
      withClient(subject, async (client) => {
        const reads = Array.from({ length: 300 }, (_, index): Read => {
          if (index === 100) return { op: "map", ref: subject.ref("conformance-json") };
          if (index === 200) return { op: "find", find: { name: { regexp: "conformance-find-one$" } } };
          return get(subject.ref(`conformance-many-${index % 64}`));
        });
        const results = await withinDeadline(never(), 60_000, (signal) => readAll(client, reads, signal));
        results.forEach((result, index) => {
          if (index === 100 || index === 200) assert.ok("values" in result && result.values.size > 0, `read ${index}`);
          else {
            assert.ok("value" in result, `read ${index}`);
            sameBytes(result.value, text.encode(`value ${index % 64}`), `read ${index}`);
          }
        });
      }),
  },
  {
    name: "a client may be closed twice",
    run: (subject) => withClient(subject, (client) => client.close()),
  },
];

function get(ref: RemoteRef): Read {
  return { op: "get", ref };
}

function hanging(subject: Subject): RemoteRef {
  assert.ok(subject.hanging, "the subject says it can hang and gives no reference");
  return subject.hanging;
}
