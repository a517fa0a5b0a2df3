/** Milliseconds within which a credential that was refused is not read again: it cannot be much older than that. */
export const rereadPause = 10_000;
