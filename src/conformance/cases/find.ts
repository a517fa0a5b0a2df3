import assert from "node:assert/strict";
import { never, rejectsWith, withClient } from "../expect.ts";
import type { ConformanceCase, Subject } from "../subject.ts";

/** Find by name. */
export const findCases: readonly ConformanceCase[] = [
  {
    name: "find by name gives just the names that match, with their values",
    needs: ["find"],
    run: async (subject) => {
      assert.deepEqual(await found(subject, "^.*conformance-find-(one|two)$"), [
        "conformance-find-one",
        "conformance-find-two",
      ]);
    },
  },
  {
    name: "find is not anchored",
    needs: ["find"],
    run: async (subject) => {
      assert.deepEqual(await found(subject, "find-o"), ["conformance-find-one", "conformance-find-other"]);
    },
  },
  {
    name: "find that matches nothing gives an empty map",
    needs: ["find"],
    run: async (subject) => {
      assert.deepEqual(await found(subject, "^no-such-name$"), []);
    },
  },
  {
    name: "a malformed regular expression is InvalidConfig",
    needs: ["find"],
    run: (subject) =>
      withClient(subject, async (client) => {
        await rejectsWith(client.getAllSecrets({ name: { regexp: "(" } }, never()), "InvalidConfig");
      }),
  },
  {
    name: "a regular expression that backtracks elsewhere is matched in linear time",
    needs: ["find"],
    run: async (subject) => {
      assert.deepEqual(await found(subject, "^(([a-z])+.)+[A-Z]([a-z])+$"), []);
    },
  },
];

async function found(subject: Subject, regexp: string): Promise<readonly string[]> {
  return withClient(subject, async (client) => {
    const map = await client.getAllSecrets({ name: { regexp } }, never());
    // Backends name what they find in their own way (a path, say); the last part is the name that was seeded.
    return [...map.keys()].map((key) => key.split(/[/]/).at(-1) ?? key).sort();
  });
}
