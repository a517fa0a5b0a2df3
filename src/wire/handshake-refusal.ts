/** Why a TLS handshake came to nothing. The first five are about the client's certificate. */
export type HandshakeRefusal =
  | "no-certificate"
  | "unknown-ca"
  | "expired"
  | "not-yet-valid"
  | "bad-certificate"
  | "protocol-version"
  | "no-shared-algorithm"
  | "no-http2"
  | "no-tls"
  /** The client refused the server's certificate. */
  | "refused-by-client"
  /** The client went away. */
  | "cut-off"
  | "timeout"
  /** The server has no certificate yet. */
  | "not-ready"
  | "other";

// Node's names of OpenSSL's X509_V_ERR_*; all others are bad-certificate, such as INVALID_PURPOSE.
const verifyErrors: ReadonlyMap<string, HandshakeRefusal> = new Map([
  ["CERT_HAS_EXPIRED", "expired"],
  ["CERT_NOT_YET_VALID", "not-yet-valid"],
  ["DEPTH_ZERO_SELF_SIGNED_CERT", "unknown-ca"],
  ["SELF_SIGNED_CERT_IN_CHAIN", "unknown-ca"],
  ["UNABLE_TO_GET_ISSUER_CERT", "unknown-ca"],
  ["UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "unknown-ca"],
  ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "unknown-ca"],
  ["CERT_SIGNATURE_FAILURE", "unknown-ca"],
]);

// Node's and OpenSSL's error codes.
const errorCodes: ReadonlyMap<string, HandshakeRefusal> = new Map([
  ["ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE", "no-certificate"],
  ["ERR_SSL_UNSUPPORTED_PROTOCOL", "protocol-version"],
  ["ERR_SSL_NO_SHARED_CIPHER", "no-shared-algorithm"],
  ["ERR_SSL_NO_SUITABLE_SIGNATURE_ALGORITHM", "no-shared-algorithm"],
  ["ERR_SSL_WRONG_SIGNATURE_TYPE", "no-shared-algorithm"],
  ["ERR_SSL_NO_APPLICATION_PROTOCOL", "no-http2"],
  ["ERR_SSL_HTTP_REQUEST", "no-tls"],
  ["ERR_SSL_WRONG_VERSION_NUMBER", "no-tls"],
  ["ERR_SSL_PACKET_LENGTH_TOO_LONG", "no-tls"],
  ["ERR_TLS_HANDSHAKE_TIMEOUT", "timeout"],
  ["ECONNRESET", "cut-off"],
  ["EPIPE", "cut-off"],
]);

/**
 * Sorts what Node tells of a failed handshake: the error's code, and the socket's authorizationError, which alone says
 * what is wrong with a certificate that could be read.
 */
export function handshakeRefusal(code: string | undefined, authorizationError: string | undefined): HandshakeRefusal {
  if (authorizationError !== undefined) return verifyErrors.get(authorizationError) ?? "bad-certificate";
  if (code?.includes("_ALERT_") === true) return "refused-by-client";
  return errorCodes.get(code ?? "") ?? "other";
}
