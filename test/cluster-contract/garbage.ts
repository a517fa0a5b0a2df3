import { externalSecret } from "../../src/api/kinds/external-secret.ts";
import type { KubeObject, OwnerReference } from "../../src/cluster/objects.ts";
import {
  eventually,
  externalSecretManifest,
  managedSecret,
  manager,
  refused,
  seen,
  signal,
  type ContractCase,
} from "./world.ts";

const ownedBy = ({ metadata }: KubeObject): OwnerReference => ({
  apiVersion: externalSecret.apiVersion,
  kind: externalSecret.kind,
  name: metadata.name,
  uid: metadata.uid,
  controller: true,
  blockOwnerDeletion: true,
});

/** What goes with its owner. */
export const garbageCases: readonly ContractCase[] = [
  {
    name: "a Secret goes when its owner goes, others stay",
    run: async (t, { cluster, admin }, namespace) => {
      const owner = { namespace, name: "app" };
      await admin.create(externalSecretManifest(namespace));
      const ownerReferences = [ownedBy(await seen(cluster, owner))];
      const owned = await cluster.createSecret(managedSecret(namespace, { ownerReferences }), manager, signal);
      t.same(owned.metadata.ownerReferences, ownerReferences);
      await cluster.createSecret(managedSecret(namespace, { name: "free" }), manager, signal);
      await admin.delete(externalSecret, owner);
      await eventually(() => cluster.secret({ namespace, name: "app" }) === undefined, "the owned Secret is gone");
      t.ok(cluster.secret({ namespace, name: "free" }));
    },
  },
  {
    name: "a Secret of two owners goes with the last",
    run: async (t, { cluster, admin }, namespace) => {
      const names = ["one", "two"];
      for (const name of names) await admin.create(externalSecretManifest(namespace, { name }));
      const owners = await Promise.all(names.map((name) => seen(cluster, { namespace, name })));
      const ownerReferences = owners.map((owner) => ({ ...ownedBy(owner), controller: false }));
      await cluster.createSecret(managedSecret(namespace, { ownerReferences }), manager, signal);
      await admin.delete(externalSecret, { namespace, name: "one" });
      await eventually(() => cluster.get(externalSecret, { namespace, name: "one" }) === undefined, "one is gone");
      t.ok(cluster.secret({ namespace, name: "app" }), "the other owner holds it");
      await admin.delete(externalSecret, { namespace, name: "two" });
      await eventually(() => cluster.secret({ namespace, name: "app" }) === undefined, "the Secret is gone");
    },
  },
  {
    name: "a Secret whose owner never was goes",
    run: async (t, { cluster, admin }, namespace) => {
      await admin.create(externalSecretManifest(namespace));
      const reference = ownedBy(await seen(cluster, { namespace, name: "app" }));
      const ownerReferences = [{ ...reference, uid: "00000000-0000-4000-8000-000000000000" }];
      const { metadata } = await cluster.createSecret(managedSecret(namespace, { ownerReferences }), manager, signal);
      t.ok(metadata.uid, "it is made first");
      await eventually(() => cluster.secret({ namespace, name: "app" }) === undefined, "the Secret is gone");
    },
  },
  {
    name: "two owner references that both control are Invalid",
    run: async (t, { cluster, admin }, namespace) => {
      for (const name of ["one", "two"]) await admin.create(externalSecretManifest(namespace, { name }));
      const ownerReferences = [
        ownedBy(await seen(cluster, { namespace, name: "one" })),
        ownedBy(await seen(cluster, { namespace, name: "two" })),
      ];
      const write = cluster.createSecret(managedSecret(namespace, { ownerReferences }), manager, signal);
      await refused(t, write, "Invalid", "two controllers");
    },
  },
  {
    name: "a Secret with a finalizer outlives its removal until the finalizer goes",
    run: async (t, { cluster }, namespace) => {
      const key = { namespace, name: "app" };
      const finalizers = ["example.com/hold"];
      const { metadata } = await cluster.createSecret(managedSecret(namespace, { finalizers }), manager, signal);
      await cluster.removeSecret(key, metadata.uid, signal);
      const ending = cluster.secret(key);
      t.match(ending?.metadata.deletionTimestamp, /Z$/);
      const version = ending?.metadata.resourceVersion ?? "";
      await cluster.updateSecret(managedSecret(namespace), version, manager, signal);
      t.equal(cluster.secret(key), undefined);
    },
  },
];
