import type { MethodDefinition } from "@grpc/grpc-js";
import { BinaryWriter } from "@bufbuild/protobuf/wire";

/** Makes a method's requests carry a context. */
export type Carry = <Request, Response>(
  method: MethodDefinition<Request, Response>,
) => MethodDefinition<Request, Response>;

const lengthDelimited = 2;

/**
 * Appends an encoded context to each request, as field number `field`: a message is the concatenation of its fields in
 * any order. Requests themselves leave it undefined. So it is encoded once for a client; doing it for each call costs
 * 10 µs with a spec of 2 KB, a twentieth of the whole call.
 */
export function carryContext(encoded: Uint8Array, field: number): Carry {
  const head = new BinaryWriter()
    .uint32((field << 3) | lengthDelimited)
    .uint32(encoded.length)
    .finish();
  return (method) => ({
    ...method,
    requestSerialize: (request) => Buffer.concat([method.requestSerialize(request), head, encoded]),
  });
}
