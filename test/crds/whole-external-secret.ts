/** Every field of an ExternalSecret's spec, those with defaults too. */
export const wholeSpec = {
  secretStoreRef: { name: "team.store-1", kind: "ClusterSecretStore" },
  target: {
    name: "app",
    creationPolicy: "CreateOrMerge",
    deletionPolicy: "Merge",
    immutable: false,
    manifest: { apiVersion: "v1", kind: "ConfigMap" },
    template: {
      type: "kubernetes.io/tls",
      engineVersion: "v2",
      mergePolicy: "Merge",
      metadata: { annotations: { note: "{{ .a }}" }, labels: { app: "shop" }, finalizers: ["example.com/keep"] },
      data: { url: "https://{{ .host }}" },
      templateFrom: [
        {
          configMap: { name: "templates", items: [{ key: "app.tpl", templateAs: "KeysAndValues" }] },
          target: "Labels",
        },
        { secret: { name: "templates", items: [{ key: "app.tpl", templateAs: "Values" }] }, target: "spec.data" },
        { literal: "a: {{ .a }}", target: "Data", valuesDecodingStrategy: "Base64URL" },
      ],
    },
  },
  refreshPolicy: "Periodic",
  refreshInterval: "15m",
  syncWindows: { kind: "deny", windows: [{ schedule: "0 8 * * 1-5", duration: "9h" }] },
  data: [
    {
      secretKey: "tls.crt",
      remoteRef: {
        key: "db",
        property: "user.name",
        version: "3",
        metadataPolicy: "Fetch",
        conversionStrategy: "Unicode",
        decodingStrategy: "Auto",
        nullBytePolicy: "Fail",
      },
      sourceRef: { storeRef: { name: "other", kind: "SecretStore" } },
    },
    {
      secretKey: "_a-b.C",
      remoteRef: { key: "" },
      sourceRef: { generatorRef: { apiVersion: "generators.example.com/v1", kind: "MFA", name: "totp" } },
    },
  ],
  dataFrom: [
    {
      extract: {
        key: "db",
        property: "user",
        version: "3",
        metadataPolicy: "None",
        conversionStrategy: "Default",
        decodingStrategy: "Base64",
        nullBytePolicy: "Ignore",
      },
      sourceRef: { storeRef: { name: "other", kind: "SecretStore" } },
    },
    {
      find: {
        path: "team/",
        name: { regexp: "^db-" },
        tags: { env: "prod" },
        conversionStrategy: "Default",
        decodingStrategy: "None",
        nullBytePolicy: "Ignore",
      },
      rewrite: [
        { regexp: { source: "-", target: "_" } },
        { transform: { template: "{{ .value | upper }}" } },
        {
          merge: {
            into: "all",
            strategy: "JSON",
            priority: ["a"],
            priorityPolicy: "IgnoreNotFound",
            conflictPolicy: "Ignore",
          },
        },
      ],
    },
    { sourceRef: { generatorRef: { apiVersion: "generators.example.com/v1", kind: "UUID", name: "id" } } },
  ],
};

/** Every field of an ExternalSecret's status. */
export const wholeStatus = {
  refreshTime: "2026-01-31T12:00:00Z",
  syncedResourceVersion: "1-abc",
  conditions: [
    {
      type: "Ready",
      status: "True",
      reason: "SecretSynced",
      message: "secret synced",
      lastTransitionTime: "2026-01-31T12:00:00Z",
    },
    { type: "Deleted", status: "False" },
  ],
  binding: { name: "app" },
};
