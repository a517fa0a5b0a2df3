import { escapeControl } from "../../api/escape.ts";

/** What is wrong with a manifest, and where. Holds no value of the manifest. */
export interface ManifestError {
  /** As the user named it, or below the folder the user named. */
  readonly file: string;
  /** From 1; absent when the file as a whole is meant. */
  readonly line?: number;
  /** From 1, in UTF-16 code units. */
  readonly column?: number;
  /** As kubectl prints fields: `spec.data[0].remoteRef.key`; empty when no one field is meant. */
  readonly field: string;
  /** Says how it must be. */
  readonly message: string;
}

/** `FILE:LINE:COLUMN: FIELD: MESSAGE`, the form that editors and terminals link. */
export function formatManifestError({ file, line, column, field, message }: ManifestError): string {
  const place = [file, line, column].filter((part) => part !== undefined).join(":");
  return escapeControl([place, ...(field === "" ? [] : [field]), message].join(": "));
}
