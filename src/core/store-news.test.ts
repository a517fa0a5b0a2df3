import { test } from "tap";
import { StoreNews } from "./store-news.ts";

const ref = { kind: "SecretStore", namespace: "team", name: "main" };
const firstLook = "first-look:SecretStore/team/main";
const store = "store:SecretStore/team/main";

function world() {
  const woken: string[] = [];
  const news = new StoreNews(
    (topic) => woken.push(topic),
    () => {},
  );
  return { news, woken: () => woken.splice(0) };
}

test("who waits for a store is woken when it is found Ready after it was not, or after it changed", (t) => {
  const { news, woken } = world();
  news.looked(ref, { before: "Unknown", ready: false });
  t.strictSame(woken(), [firstLook]);
  news.looked(ref, { before: "NotReady", ready: true });
  t.strictSame(woken(), [firstLook, store]);
  news.looked(ref, { before: "Ready", ready: true });
  t.notOk(woken().includes(store), "it is as it was");
  news.changed(ref);
  news.looked(ref, { before: "Ready", ready: true });
  t.ok(woken().includes(store));
  news.changed(ref);
  news.looked(ref, "gone");
  t.strictSame(woken(), [firstLook]);
  t.end();
});

test("a status that was written though nobody was told wakes at the next look", (t) => {
  const { news, woken } = world();
  news.looked(ref, "unwritten");
  t.strictSame(woken(), [], "it may not be there yet");
  news.looked(ref, { before: "Ready", ready: true });
  t.strictSame(woken(), [firstLook, store]);
  t.end();
});
