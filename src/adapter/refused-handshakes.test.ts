import t from "tap";
import { createLogger } from "../process/logs.ts";
import { Registry } from "../process/metrics.ts";
import { refusedHandshakes } from "./refused-handshakes.ts";

t.test("each refused handshake is counted, and of each reason one in ten seconds is logged", async (t) => {
  const lines: string[] = [];
  const registry = new Registry();
  const logger = createLogger({ name: "test", level: "info", destination: { write: (line) => void lines.push(line) } });
  let now = 0;
  const refused = refusedHandshakes(registry, logger, () => now);
  for (now = 0; now < 25_000; now += 1_000) refused({ reason: "unknown-ca", from: "10.0.0.9" });
  refused({ reason: "no-certificate", from: undefined });
  refused({ reason: "cut-off", from: "10.0.0.1" });
  const logged = lines.map((line): unknown => JSON.parse(line));
  t.match(logged, [
    { level: "info", reason: "unknown-ca", from: "10.0.0.9", msg: "TLS handshake refused" },
    { reason: "unknown-ca", more: 9 },
    { reason: "unknown-ca", more: 9 },
    { reason: "no-certificate" },
  ]);
  t.equal(logged.length, 4, "and whoever only tries the port is not worth a line");
  const metrics = await registry.metrics();
  for (const [reason, count] of [
    ["unknown-ca", 25],
    ["no-certificate", 1],
    ["cut-off", 1],
  ]) {
    t.match(metrics, `outboard_provider_handshakes_refused_total{reason="${reason}"} ${count}\n`);
  }
});
