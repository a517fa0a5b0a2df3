/** As the API server has it: empty text is no Base64. */
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$/u;
const dateTime = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:[Zz]|[+-]\d{2}:\d{2})$/u;

/** What is wrong with `value` under a schema's `format`; undefined: nothing. As the API server, unknown formats pass. */
export function formatProblem(format: string, value: unknown): string | undefined {
  if (typeof value === "number") return numberProblem(format, value);
  return typeof value === "string" ? stringProblem(format, value) : undefined;
}

function numberProblem(format: string, value: number): string | undefined {
  const bits = format === "int32" ? 32 : format === "int64" ? 64 : undefined;
  if (bits === undefined) return undefined;
  const limit = 2 ** (bits - 1);
  return value < -limit || value >= limit ? `must fit into ${bits} bits` : undefined;
}

function stringProblem(format: string, value: string): string | undefined {
  if (format === "byte") return base64.test(value) ? undefined : "must be Base64";
  if (format !== "date-time" || (dateTime.test(value) && Number.isFinite(Date.parse(value)))) return undefined;
  return "must be a time as RFC 3339 writes it, such as 2026-01-31T12:00:00Z";
}
