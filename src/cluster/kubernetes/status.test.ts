import { test } from "tap";
import { retryAfterOf, retryPause } from "./retry.ts";
import { statusError } from "./status.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

test("a refusal has the reason that controllers act on, and the API server's words", async (t) => {
  const table: readonly (readonly [code: number, reason: string, expected: string])[] = [
    [400, "BadRequest", "Invalid"],
    [401, "Unauthorized", "Unavailable"],
    [403, "Forbidden", "Forbidden"],
    [404, "NotFound", "NotFound"],
    [409, "AlreadyExists", "AlreadyExists"],
    [409, "Conflict", "Conflict"],
    [410, "Expired", "Gone"],
    [413, "RequestEntityTooLarge", "Invalid"],
    [422, "Invalid", "Invalid"],
    [429, "TooManyRequests", "TooManyRequests"],
    [500, "InternalError", "Unavailable"],
    [504, "Timeout", "Unavailable"],
  ];
  for (const [code, reason, expected] of table) {
    const error = statusError(code, JSON.stringify({ kind: "Status", reason, message: "why\n" }), "get Secret a/b");
    t.match(error, { name: "ClusterError", reason: expected, message: `get Secret a/b: ${code}: why\\n` });
  }
  t.match(statusError(502, "<html>a proxy's</html>", "x").message, "x: 502: no reason is given");
  t.match(statusError(404, "404 page not found", "x").message, "CustomResourceDefinition");
  t.ok(statusError(400, JSON.stringify({ message: "x".repeat(9_000) }), "x").message.length < 1_100);
});

test("no message holds a piece of a value that was sent, and the rest of it stays", async (t) => {
  const value = "s3cr3t-with-a-tail";
  const quote = (text: string) =>
    statusError(422, JSON.stringify({ message: `denied: "${text}" is bad` }), "x", [bytes(value)]);
  for (const form of [value, value.slice(3, 12), Buffer.from(value).toString("base64")]) {
    const { message } = quote(form);
    t.match(message, /^x: 422: denied: ".*" is bad$/);
    for (let at = 0; at + 6 <= form.length; at++) t.notMatch(message, form.slice(at, at + 6));
  }
  t.equal(quote("a quota").message, 'x: 422: denied: "a quota" is bad');
});

test("what was not carried out is sent again, what may have been only when it is a read", async (t) => {
  const table: readonly (readonly [Parameters<typeof retryPause>[0], expected: number | undefined])[] = [
    [{ method: "PUT", status: 429, retryAfter: 3_000, tries: 1 }, 3_000],
    [{ method: "PUT", status: 429, tries: 1 }, 1_000],
    [{ method: "PUT", status: 429, tries: 11 }, undefined],
    [{ method: "POST", status: 503, retryAfter: 2_000, tries: 1 }, 2_000],
    [{ method: "POST", status: 503, tries: 1 }, undefined],
    [{ method: "POST", tries: 1 }, undefined],
    [{ method: "DELETE", status: 409, tries: 1 }, undefined],
    [{ method: "GET", tries: 1 }, 100],
    [{ method: "GET", status: 500, tries: 2 }, 200],
    [{ method: "GET", status: 500, tries: 4 }, undefined],
    [{ method: "GET", status: 404, tries: 1 }, undefined],
    [{ method: "GET", status: 410, tries: 1 }, undefined],
  ];
  for (const [failed, expected] of table) t.equal(retryPause(failed, 0), expected, JSON.stringify(failed));
  t.equal(retryAfterOf("2"), 2_000);
  for (const bad of [undefined, "", "soon", "-1", "1.5", "9999999"]) t.equal(retryAfterOf(bad), undefined);
});
