import type { Http2Session, ServerHttp2Stream } from "node:http2";
import { TLSSocket } from "node:tls";

/** Says who calls: the one URI in the client certificate's subjectAltName; undefined when there is not exactly one. */
export type PeerIdentity = (call: object) => string | undefined;

/**
 * Reads a peer's identity once per connection. `getAuthContext()` of grpc-js takes the certificate apart at each call,
 * which costs half as much as the rest of a call.
 */
export function peerIdentity(): PeerIdentity {
  const known = new WeakMap<Http2Session, { readonly uri: string | undefined }>();
  return (call) => {
    const session = sessionOf(call);
    if (session === undefined) return undefined;
    let identity = known.get(session);
    if (identity === undefined) {
      identity = { uri: readIdentity(session) };
      known.set(session, identity);
    }
    return identity.uri;
  };
}

/**
 * The single URI of a subjectAltName as Node writes it ("URI:spiffe://a/b, DNS:c"). Node quotes names with characters
 * that could be mistaken for separators; a certificate with one of those has no identity.
 */
export function uriIdentity(subjectAltName: string | undefined): string | undefined {
  if (subjectAltName === undefined || subjectAltName.includes('"')) return undefined;
  const uris = subjectAltName.split(", ").filter((name) => name.startsWith("URI:"));
  return uris.length === 1 ? uris[0]?.slice("URI:".length) : undefined;
}

/** grpc-js keeps a call's stream in private fields. Were they gone, every peer would be a stranger, and a test fail. */
function sessionOf(call: object): Http2Session | undefined {
  const { call: inner } = call as { readonly call?: { readonly stream?: ServerHttp2Stream } };
  return inner?.stream?.session;
}

function readIdentity({ socket }: Http2Session): string | undefined {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
  return uriIdentity(socket.getPeerX509Certificate()?.subjectAltName);
}
