import { test } from "tap";
import type { ObjectMeta } from "../objects.ts";
import type { ApiObject } from "./api-object.ts";
import { metadataObject, type MetadataObject } from "./objects.ts";
import { isOlder } from "./versions.ts";
import { createView } from "./view.ts";

const key = { namespace: "team", name: "app" };

/** An object at that version; its label says which of two watches tells of it. */
function at(version: number, more: Partial<ApiObject["metadata"]> = {}): ApiObject {
  const metadata = { ...key, uid: "u1", resourceVersion: String(version), creationTimestamp: "" };
  return { metadata: { ...metadata, labels: { of: "a" }, ...more } };
}

const moved = (version: number) => at(version, { labels: { of: "b" } });

function testView() {
  const changes: string[] = [];
  const view = createView<MetadataObject>({
    convert: metadataObject,
    sourceOf: ({ labels }: ObjectMeta) => labels["of"] ?? "",
    changed: ({ name }) => changes.push(name),
  });
  const version = (name = key.name) => view.get({ ...key, name })?.metadata.resourceVersion;
  return { view, a: view.sink("a"), b: view.sink("b"), version, changes };
}

type World = ReturnType<typeof testView>;

function list({ view }: World, source: string, ...objects: readonly ApiObject[]): void {
  const sink = view.sink(source);
  sink.begin();
  for (const object of objects) sink.add(object);
  sink.commit();
}

test("what is newer stays, whatever comes in which order", async (t) => {
  const table: readonly {
    readonly name: string;
    readonly steps: (world: World) => void | Promise<void>;
    readonly expected: string | undefined;
  }[] = [
    { name: "an older event after a newer one", steps: ({ a }) => [7, 5].forEach((n) => a.seen(at(n))), expected: "7" },
    { name: "versions are numbers, not text", steps: ({ a }) => [9, 10].forEach((n) => a.seen(at(n))), expected: "10" },
    {
      name: "the end of an object",
      steps: ({ a }) => {
        a.seen(at(5));
        a.gone(at(6));
      },
      expected: undefined,
    },
    {
      name: "the end of an object whose name was taken again",
      steps: ({ a }) => {
        a.seen(at(8, { uid: "u2" }));
        a.gone(at(6));
      },
      expected: "8",
    },
    {
      name: "a move of which the end is told first",
      steps: ({ a, b }) => {
        a.seen(at(5));
        a.gone(at(6));
        b.seen(moved(6));
      },
      expected: "6",
    },
    {
      name: "a move of which the end is told last",
      steps: ({ a, b }) => {
        a.seen(at(5));
        b.seen(moved(6));
        a.gone(at(6));
      },
      expected: "6",
    },
    {
      name: "there and back, told by the one watch first",
      steps: ({ a, b }) => {
        a.seen(at(5));
        a.gone(at(6));
        a.seen(at(7));
        b.seen(moved(6));
        b.gone(moved(7));
      },
      expected: "7",
    },
    {
      name: "a list without the object",
      steps: (world) => {
        world.a.seen(at(5));
        list(world, "a");
      },
      expected: undefined,
    },
    {
      name: "a list of the other selection",
      steps: (world) => {
        world.a.seen(at(5));
        list(world, "b");
      },
      expected: "5",
    },
    {
      name: "a list that is older than what the other watch told",
      steps: (world) => {
        world.b.seen(moved(9));
        list(world, "a", at(7));
      },
      expected: "9",
    },
    {
      name: "a list of a cluster that was restored from a backup",
      steps: (world) => {
        world.a.seen(at(50));
        list(world, "a", at(20));
      },
      expected: "20",
    },
    {
      name: "our own write, and an event from before it",
      steps: async ({ view, a }) => {
        await view.write(key, async () => at(9));
        a.seen(at(8));
      },
      expected: "9",
    },
    {
      name: "our own write while a list is read that is older",
      steps: async ({ view, a }) => {
        a.begin();
        await view.write(key, async () => at(9));
        a.commit();
      },
      expected: "9",
    },
    {
      name: "our own write, answered after the object's end was told",
      steps: async ({ view, a }) => {
        await view.write(key, async () => {
          a.seen(at(9));
          a.gone(at(10));
          return at(9);
        });
      },
      expected: undefined,
    },
    {
      name: "our own write that moves the object, of which the one watch told first",
      steps: async ({ view, a }) => {
        a.seen(at(5));
        await view.write(key, async () => {
          a.gone(at(6));
          return moved(6);
        });
      },
      expected: "6",
    },
    {
      name: "our own write that moves the object, answered after its end was told",
      steps: async ({ view, a, b }) => {
        a.seen(at(5));
        await view.write(key, async () => {
          a.gone(at(6));
          b.seen(moved(6));
          b.gone(moved(7));
          return moved(6);
        });
      },
      expected: undefined,
    },
    {
      name: "our own write that moves the object back, of whose first move was told meanwhile",
      steps: async ({ view, a }) => {
        a.seen(at(5));
        await view.write(key, async () => {
          a.gone(at(6));
          return at(7);
        });
      },
      expected: "7",
    },
    {
      name: "our own write, answered after a list without the object",
      steps: async (world) => {
        world.a.seen(at(5));
        await world.view.write(key, async () => {
          list(world, "a");
          return at(6);
        });
      },
      expected: undefined,
    },
    {
      name: "our own removal after a move of which the watches tell late",
      steps: async ({ view, a, b }) => {
        a.seen(at(5));
        await view.write(key, async () => moved(6));
        await view.remove(key, "u1", async () => undefined);
        a.gone(at(6));
        b.seen(moved(6));
      },
      expected: undefined,
    },
    {
      name: "our own removal, and an event from before it",
      steps: async ({ view, a }) => {
        a.seen(at(5));
        await view.remove(key, "u1", async () => undefined);
        a.seen(at(6));
      },
      expected: undefined,
    },
    {
      name: "our own removal while a list is read that still has the object",
      steps: async ({ view, a }) => {
        a.seen(at(5));
        a.begin();
        a.add(at(5));
        await view.remove(key, "u1", async () => undefined);
        a.commit();
      },
      expected: undefined,
    },
    {
      name: "another object of the name after our own removal",
      steps: async ({ view, a }) => {
        a.seen(at(5));
        await view.remove(key, "u1", async () => undefined);
        a.seen(at(7, { uid: "u2" }));
      },
      expected: "7",
    },
    {
      name: "our own removal of what finalizers hold",
      steps: async ({ view }) => {
        await view.remove(key, "u1", async () => at(8, { deletionTimestamp: "now", finalizers: ["x"] }));
      },
      expected: "8",
    },
    {
      name: "our own write that takes the last finalizer of what is being deleted",
      steps: async ({ view, a }) => {
        a.seen(at(8, { deletionTimestamp: "now", finalizers: ["x"] }));
        await view.write(key, async () => at(9, { deletionTimestamp: "now" }));
      },
      expected: undefined,
    },
  ];
  for (const { name, steps, expected } of table) {
    const world = testView();
    await steps(world);
    t.equal(world.version(), expected, name);
  }
});

test("a change is told once, and what changes nothing is not told", async (t) => {
  const world = testView();
  const { view, a, changes } = world;
  await view.write(key, async () => at(5));
  a.seen(at(5));
  list(world, "a", at(5));
  t.equal(changes.length, 1, "its echo is no news");
  a.gone(at(6));
  a.gone(at(6));
  t.equal(changes.length, 2);
  await t.rejects(
    view.write(key, async () => Promise.reject(new Error("refused"))),
    /refused/,
  );
  t.equal(changes.length, 2);
});

test("objects are found by labels as they are now, also by a label that nobody asked for before", async (t) => {
  const { view, a } = testView();
  const add = (version: number, name: string, labels: Readonly<Record<string, string>>) =>
    a.seen(at(version, { name, uid: name, labels: { of: "a", ...labels } }));
  add(1, "one", { owner: "x" });
  add(2, "two", { owner: "x", team: "t" });
  const names = (labels: Readonly<Record<string, string>>) =>
    view.withLabels("team", labels).map(({ metadata }) => metadata.name);
  t.same(names({ owner: "x" }), ["one", "two"]);
  t.same(names({ owner: "x", team: "t" }), ["two"]);
  add(3, "one", { owner: "y" });
  t.same(names({ owner: "x" }), ["two"]);
  t.same(names({ owner: "y" }), ["one"]);
  a.gone(at(4, { name: "one", uid: "one" }));
  t.same(names({ owner: "y" }), []);
  t.same(view.withLabels("other", { owner: "x" }), []);
  t.same(names({}), ["two"]);
});

test("versions that are no numbers are not compared", async (t) => {
  const table = [
    ["1", "2", true],
    ["2", "1", false],
    ["2", "2", false],
    ["9", "10", true],
    ["18446744073709551614", "18446744073709551615", true],
    ["a", "b", false],
    ["", "1", false],
  ] as const;
  for (const [a, b, expected] of table) t.equal(isOlder(a, b), expected, `${a} ${b}`);
});

test("what a watch tells of our own write is not taken apart once more", async (t) => {
  let converted = 0;
  const view = createView<MetadataObject>({
    convert: (object) => {
      converted += 1;
      return metadataObject(object);
    },
    sourceOf: () => "a",
    changed: () => undefined,
  });
  await view.write(key, async () => at(5));
  view.sink("a").seen(at(5));
  t.equal(converted, 1);
  view.sink("a").seen(at(5, { uid: "u2" }));
  view.sink("a").seen(at(6, { uid: "u2" }));
  t.equal(converted, 3, "another object of that name, and another version");
});
