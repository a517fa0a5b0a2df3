import assert from "node:assert/strict";
import type { PushSource } from "../../api/provider.ts";
import { never, rejectsWith, sameBytes, withClient } from "../expect.ts";
import type { ConformanceCase } from "../subject.ts";

const text = new TextEncoder();

/** Push, exists and delete. */
export const writeCases: readonly ConformanceCase[] = [
  {
    name: "what is pushed can be read back, and pushing it again changes nothing",
    needs: ["push", "get"],
    run: (subject) =>
      withClient(subject, async (client) => {
        const { key, property = "" } = subject.ref("conformance-pushed");
        const data = { secretKey: "k", remoteKey: key, property };
        await client.pushSecret(source("pushed once"), data, never());
        await client.pushSecret(source("pushed once"), data, never());
        sameBytes(
          await client.getSecret(subject.ref("conformance-pushed"), never()),
          text.encode("pushed once"),
          "pushed",
        );
        await client.pushSecret(source("pushed twice"), data, never());
        sameBytes(
          await client.getSecret(subject.ref("conformance-pushed"), never()),
          text.encode("pushed twice"),
          "again",
        );
      }),
  },
  {
    name: "exists tells what is there from what is not",
    needs: ["exists", "push"],
    run: (subject) =>
      withClient(subject, async (client) => {
        const { key, property = "" } = subject.ref("conformance-exists");
        const ref = { remoteKey: key, property };
        assert.equal(await client.secretExists(ref, never()), false);
        await client.pushSecret(source("here"), { secretKey: "k", ...ref }, never());
        assert.equal(await client.secretExists(ref, never()), true);
      }),
  },
  {
    name: "deleting what is not there is no error",
    needs: ["delete"],
    run: (subject) =>
      withClient(subject, async (client) => {
        const { key, property = "" } = subject.ref("conformance-never-there");
        await client.deleteSecret({ remoteKey: key, property }, never());
      }),
  },
  ...(["push", "delete", "exists", "find"] as const).map((operation): ConformanceCase => ({
    name: `without the operation ${operation} its call is Unsupported`,
    run: async (subject) => {
      if (subject.operations.includes(operation)) return;
      await withClient(subject, async (client) => {
        const ref = { remoteKey: "x", property: "" };
        const calls = {
          push: () => client.pushSecret(source("x"), { secretKey: "k", ...ref }, never()),
          delete: () => client.deleteSecret(ref, never()),
          exists: () => client.secretExists(ref, never()),
          find: () => client.getAllSecrets({ name: { regexp: "." } }, never()),
        };
        await rejectsWith(calls[operation](), "Unsupported");
      });
    },
  })),
];

function source(value: string): PushSource {
  return { data: new Map([["k", text.encode(value)]]), type: "Opaque", labels: {}, annotations: {} };
}
