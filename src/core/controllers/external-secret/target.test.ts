import { test } from "tap";
import { dataOf, externalSecret, meta, target } from "../../../../test/external-secret-object.ts";
import type { ExternalSecretSpec } from "../../../api/kinds/external-secret.ts";
import type { OwnerReference, SecretObject } from "../../../cluster/objects.ts";
import { dataHash, textHash } from "./hash.ts";
import { fieldManager, ownerHash } from "./names.ts";
import { withController } from "./ownership.ts";
import { targetSecret } from "./target.ts";

const owner = (over: Partial<OwnerReference>): OwnerReference => ({
  apiVersion: "external-secrets.io/v1",
  kind: "ExternalSecret",
  name: "app",
  uid: "old",
  controller: true,
  ...over,
});

test("who may own a target", (t) => {
  const own = { ...owner({ uid: "uid-1" }), blockOwnerDeletion: true };
  const bystander = { apiVersion: "v1", kind: "ConfigMap", name: "x", uid: "c" };
  t.strictSame(withController([], externalSecret({}), "s"), [own]);
  t.strictSame(withController([bystander], externalSecret({}), "s"), [bystander, own], "beside others");
  t.strictSame(withController([owner({})], externalSecret({}), "s"), [own], "made again, with another UID");
  t.strictSame(
    withController([owner({ apiVersion: "external-secrets.io/v1beta1" })], externalSecret({}), "s"),
    [own],
    "another version",
  );
  t.throws(() => withController([owner({ name: "b" })], externalSecret({}), "s"), {
    condition: "target is owned by another ExternalSecret",
    message: "secret is owned by another ExternalSecret: b",
  });
  t.throws(() => withController([owner({ apiVersion: "apps/v1", kind: "Deployment" })], externalSecret({}), "s"), {
    condition: "failed to take ownership of target secret",
    message:
      /^could not set controller reference on secret: Object team\/s is already owned by another Deployment controller app/,
  });
  t.end();
});

test("labels and annotations of a target", (t) => {
  const labels = { app: "x" };
  const annotations = { note: "y" };
  const source = { ...meta, labels, annotations };
  const managed = {
    "reconcile.external-secrets.io/managed": "true",
    "reconcile.external-secrets.io/created-by": ownerHash("team", "app"),
  };
  const hash = { "reconcile.external-secrets.io/data-hash": dataHash(dataOf({ a: "1" })) };
  const made = (given: ExternalSecretSpec, existing?: SecretObject) =>
    targetSecret(externalSecret(given, {}, source), existing, dataOf({ a: "1" }));

  t.match(
    made({}),
    { name: "app", labels: { ...labels, ...managed }, annotations: { ...annotations, ...hash } },
    "no template",
  );
  t.strictSame(made({ target: { template: {} } }).labels, managed, "an empty template copies nothing");
  const template = {
    type: "kubernetes.io/tls",
    metadata: { labels: { t: "1" }, annotations: { u: "2" }, finalizers: ["f"] },
  };
  t.strictSame(made({ target: { name: "named", template } }), {
    namespace: "team",
    name: "named",
    type: "kubernetes.io/tls",
    labels: { t: "1", ...managed },
    annotations: { u: "2", ...hash },
    finalizers: ["f"],
    ownerReferences: [{ ...owner({ uid: "uid-1" }), blockOwnerDeletion: true }],
    data: dataOf({ a: "1" }),
  });

  const kept = target({}, { finalizers: ["g"] });
  t.strictSame(made({ target: { template } }, kept).finalizers, ["g", "f"]);
  const going = target({}, { finalizers: ["g"], deletionTimestamp: "2026-08-08T12:00:00Z" });
  t.strictSame(made({ target: { template } }, going).finalizers, ["g"], "none is added to what is being deleted");

  const written = { "f:metadata": { "f:labels": { ".": {}, "f:old": {} }, "f:annotations": { "f:former": {} } } };
  const existing = target(
    { data: dataOf({ foreign: "gone" }) },
    {
      labels: { old: "1", theirs: "2" },
      annotations: { former: "1", kept: "2" },
      managedFields: [{ manager: fieldManager("app"), subresource: "", time: "2026-08-08T12:00:00Z", fields: written }],
    },
  );
  const updated = made({}, existing);
  t.strictSame(updated.labels, { theirs: "2", ...labels, ...managed }, "what we wrote once and no more is dropped");
  t.strictSame(updated.annotations, { kept: "2", ...annotations, ...hash });
  t.end();
});

test("the field manager fits into 63 characters", (t) => {
  const prefix = "externalsecrets.external-secrets.io/";
  t.equal(fieldManager("a".repeat(27)), prefix + "a".repeat(27));
  t.equal(fieldManager("a".repeat(28)), `${prefix}sha3/${textHash("a".repeat(28))}`);
  t.end();
});
