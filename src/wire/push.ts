import { ProviderError } from "../api/errors.ts";
import type { PushData, PushRemoteRef, PushSource } from "../api/provider.ts";
import type { PushSecretData, PushSecretRemoteRef, PushSecretRequest } from "./gen/provider/v1/secretstore.ts";

/** The fields of a PushSecretRequest that say what is pushed. */
export type PushFields = Pick<
  PushSecretRequest,
  "secretData" | "secretType" | "secretLabels" | "secretAnnotations" | "pushSecretData"
>;

/** What is pushed, as fields of a request. */
export function toPush(source: PushSource, data: PushData): PushFields {
  return {
    secretData: new Map(source.data),
    secretType: source.type,
    secretLabels: new Map(Object.entries(source.labels)),
    secretAnnotations: new Map(Object.entries(source.annotations)),
    pushSecretData: {
      metadata: data.metadata ?? new Uint8Array(),
      secretKey: data.secretKey,
      remoteKey: data.remoteKey,
      property: data.property,
    },
  };
}

/** What is pushed, from the fields of a request. Throws ProviderError InvalidConfig. */
export function fromPush(fields: PushFields): { readonly source: PushSource; readonly data: PushData } {
  const source = {
    data: fields.secretData,
    type: fields.secretType,
    labels: Object.fromEntries(fields.secretLabels),
    annotations: Object.fromEntries(fields.secretAnnotations),
  };
  return { source, data: fromPushData(fields.pushSecretData) };
}

/** A remote reference from a request. Throws ProviderError InvalidConfig. */
export function fromPushRemoteRef(ref: PushSecretRemoteRef | undefined): PushRemoteRef {
  if (ref === undefined) throw new ProviderError("InvalidConfig", "the request has no remoteRef");
  return ref;
}

function fromPushData(data: PushSecretData | undefined): PushData {
  if (data === undefined) throw new ProviderError("InvalidConfig", "the request does not say what goes where");
  const { metadata, secretKey, remoteKey, property } = data;
  return { secretKey, remoteKey, property, ...(metadata.length > 0 && { metadata }) };
}
