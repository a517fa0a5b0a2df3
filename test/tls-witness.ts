// Loaded into a provider's process before its bundle (--import): for each TLS connection that is taken it prints a line
// of JSON with what either end has shown, DER in base64.
import { Server, TLSSocket } from "node:tls";

const { emit } = Server.prototype;

Object.assign(Server.prototype, {
  emit(this: Server, ...args: readonly [event: string, ...unknown[]]): unknown {
    const [event, socket] = args;
    if (event === "secureConnection" && socket instanceof TLSSocket) {
      const [served, shown] = [socket.getX509Certificate(), socket.getPeerX509Certificate()];
      const line = { served: served?.raw.toString("base64"), shown: shown?.raw.toString("base64") };
      console.log(JSON.stringify(line));
    }
    return Reflect.apply(emit, this, args);
  },
});
