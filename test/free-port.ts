import { once } from "node:events";
import { createServer } from "node:net";

/** Where the ports that systems give to outgoing connections begin; below, only who listens takes one. */
const [lowest, ephemeral] = [20_000, 32_768];

/** A port of 127.0.0.1 that nobody listens on, for a program that cannot choose one itself. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = lowest + Math.floor(Math.random() * (ephemeral - lowest));
    const server = createServer();
    try {
      server.listen(port, "127.0.0.1");
      await once(server, "listening");
    } catch {
      continue;
    }
    server.close();
    await once(server, "close");
    return port;
  }
}
