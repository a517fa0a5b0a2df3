/** Label of the Services that are providers; its value is "true". */
export const providerLabel = "external-secrets.io/provider";

/**
 * Label (value "true") of the CustomResourceDefinitions whose kinds hold a provider's configuration, and annotation of
 * the same that says which: JSON with `key` of `spec.provider`, and `references` from the spec's root.
 */
export const providerConfigMark = "external-secrets.io/provider-config";
