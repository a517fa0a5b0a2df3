// The writes that core makes for each new ExternalSecret (Secret, status, event), by a script that does nothing else:
// requests of a file, one JSON of `{ url, ca, token, width, objects: [[{ method, path, body }...]...] }`.
import { readFileSync } from "node:fs";
import { Pool } from "undici";

interface Work {
  readonly url: string;
  readonly ca: string;
  readonly token: string;
  /** Objects at once. */
  readonly width: number;
  /** Requests of each object, one after the other. */
  readonly objects: readonly (readonly {
    readonly method: "POST" | "PUT";
    readonly path: string;
    readonly body: object;
  }[])[];
}

const work = JSON.parse(readFileSync(process.argv[2] ?? "", "utf8")) as Work;
const pool = new Pool(work.url, { connect: { ca: work.ca } });
const headers = { authorization: `Bearer ${work.token}`, "content-type": "application/json" };
const startCpu = process.cpuUsage();
const started = performance.now();
const queue = work.objects.values();
const worker = async () => {
  for (const requests of queue) {
    for (const { method, path, body } of requests) {
      const answer = await pool.request({ method, path, headers, body: JSON.stringify(body) });
      const text = await answer.body.text();
      if (answer.statusCode >= 300) throw new Error(`${method} ${path}: ${text}`);
    }
  }
};
await Promise.all(Array.from({ length: work.width }, worker));
const seconds = (performance.now() - started) / 1_000;
const { user, system } = process.cpuUsage(startCpu);
console.log(JSON.stringify({ seconds, cpuMilliseconds: (user + system) / 1_000 }));
await pool.close();
