import { test } from "tap";
import { externalSecret } from "../../../../test/external-secret-object.ts";
import type { ExternalSecretSpec, ExternalSecretTemplate } from "../../../api/kinds/external-secret.ts";
import { refusal } from "./refusal.ts";

test("what is refused before any request", (t) => {
  const token = "kubernetes.io/service-account-token";
  const account = { annotations: { "kubernetes.io/service-account.name": "admin" } };
  const table: readonly (readonly [field: string, spec: ExternalSecretSpec])[] = [
    ["spec.syncWindows", { syncWindows: { kind: "allow", windows: [] } }],
    ["spec.target.manifest", { target: { manifest: { apiVersion: "v1", kind: "ConfigMap" } } }],
    ["spec.target.immutable", { target: { immutable: true } }],
    ["spec.target.creationPolicy: Merge", { target: { creationPolicy: "Merge" } }],
    ["spec.target.creationPolicy: Orphan", { target: { creationPolicy: "Orphan" } }],
    ["spec.target.creationPolicy: CreateOrMerge", { target: { creationPolicy: "CreateOrMerge" } }],
    ["spec.target.deletionPolicy: Delete", { target: { deletionPolicy: "Delete" } }],
    ["spec.target.template.data", { target: { template: { data: { a: "b" } } } }],
    ["spec.target.template.templateFrom", { target: { template: { templateFrom: [{ literal: "x" }] } } }],
    [
      "spec.target.template.metadata.labels[l] with a template",
      { target: { template: { metadata: { labels: { l: "{{ .a }}" } } } } },
    ],
    [
      "spec.dataFrom[0].rewrite",
      { dataFrom: [{ extract: { key: "k" }, rewrite: [{ regexp: { source: "a", target: "b" } }] }] },
    ],
    [
      "spec.dataFrom[0].sourceRef.generatorRef",
      { dataFrom: [{ sourceRef: { generatorRef: { kind: "Password", name: "p" } } }] },
    ],
  ];
  for (const [field, given] of table) {
    t.match(
      refusal(externalSecret(given)),
      { condition: `${field} is not supported by this version of Outboard`, retried: false },
      field,
    );
  }
  const privileged: readonly (readonly [string, ExternalSecretTemplate])[] = [
    ["bootstrap", { type: "bootstrap.kubernetes.io/token" }],
    ["service account", { type: token, metadata: account }],
  ];
  for (const [what, template] of privileged) {
    const failure = refusal(externalSecret({ target: { template } }));
    t.equal(failure?.condition, "could not update secret", what);
    t.match(failure?.error.message, /^could not apply template: template\.type=.* is not allowed$/, what);
  }
  t.match(refusal(externalSecret({ refreshInterval: "soon" })), {
    condition: /^spec\.refreshInterval: not a duration/,
  });
  t.equal(refusal(externalSecret({ target: { template: { type: token } } })), undefined, "the type alone");
  t.equal(
    refusal(externalSecret({ target: { creationPolicy: "None", deletionPolicy: "Retain", immutable: false } })),
    undefined,
  );
  t.end();
});
