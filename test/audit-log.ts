import { readFileSync } from "node:fs";

/** One request, as the API server's audit log has it (audit.k8s.io/v1, level Metadata; the fields that tests read). */
export interface AuditEvent {
  readonly requestURI: string;
  readonly verb: string;
  readonly user: { readonly username: string };
  readonly userAgent?: string;
  readonly objectRef?: {
    readonly resource: string;
    readonly subresource?: string;
    readonly namespace?: string;
    readonly name?: string;
    readonly apiGroup?: string;
  };
  /** Absent while the request runs, as a watch does. */
  readonly responseStatus?: { readonly code: number };
  /** `authorization.k8s.io/decision` among them: "allow" or "forbid". */
  readonly annotations?: Readonly<Record<string, string>>;
  readonly stage: "ResponseStarted" | "ResponseComplete" | "Panic";
  readonly requestReceivedTimestamp: string;
  /** When this stage was reached. */
  readonly stageTimestamp: string;
}

/** Every request once it is answered, without bodies; of a watch also its start. */
export const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules: [{level: Metadata}]
`;

/** The events of a log; a line that is being written is left out. */
export function readAuditLog(file: string): readonly AuditEvent[] {
  const lines = readFileSync(file, "utf8").split("\n").slice(0, -1);
  return lines.map((line): AuditEvent => JSON.parse(line));
}
