const mebibyte = 1024 * 1024;

/** What one message may hold; both ends of the wire know it, and Describe says it to others. */
export const limits = {
  /** Bytes of a request. */
  requestBytes: 4 * mebibyte,
  /** Bytes of a response, and the client's receive limit. */
  responseBytes: 8 * mebibyte,
  /** Reads of one Read. */
  reads: 256,
  /** Bytes of answers after which a Read defers the rest. */
  readBudgetBytes: 4 * mebibyte,
} as const;
