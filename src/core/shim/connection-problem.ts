/** Why grpc-js could not connect, by the error of Node's or OpenSSL's that its text ends with. */
const refusals: readonly (readonly [RegExp, string])[] = [
  [/certificate is not for/, "its certificate is not for that name"],
  [/certificate has expired/, "its certificate has expired"],
  [/certificate is not yet valid/, "its certificate is not valid yet; compare the clocks"],
  [
    /self-signed certificate|unable to (?:get|verify)|certificate signature failure|invalid CA/,
    "its certificate is not signed by the CA that core trusts for it",
  ],
  [/unsuitable certificate purpose/, "its certificate is not for servers"],
  [/protocol version|unsupported protocol/, "it does not speak TLS 1.3, the only version that connections use"],
  [
    /alert handshake failure/,
    "it has no certificate yet, or none on the curve P-256, the only one that connections use",
  ],
  [/wrong version number|packet length too long/, "what answers there does not speak TLS"],
  [/Last error: Protocol error/, "what answers there does not speak HTTP/2"],
  [/ECONNREFUSED/, "nothing listens there; it is tried again by itself"],
  [
    /Failed to connect|ended during the TLS handshake|alert|closed before starting HTTP/,
    "it closed the connection during the handshake; it may not accept core's client certificate",
  ],
];

const neverConnected = /^No connection established/;
const refusedStream = /^Stream refused by server/;
const lost = /^(?:Connection dropped|read E|write E)|RST_STREAM|ECONNRESET/;

/**
 * What surely kept a call from its peer, in the words of someone who has to mend it; undefined when `details`, the text of a
 * status that grpc-js made, is about something else. Never holds an address or a time: a condition must not change with
 * each attempt.
 */
export function connectionProblem(details: string): string | undefined {
  if (refusedStream.test(details)) return "it is closing its connections; it is tried again by itself";
  if (!neverConnected.test(details)) return undefined;
  const known = refusals.find(([text]) => text.test(details));
  return known?.[1] ?? "no connection could be made; it is tried again by itself";
}

/** Whether the peer may have begun with the call when the connection went. */
export function isConnectionLost(details: string): boolean {
  return lost.test(details);
}
