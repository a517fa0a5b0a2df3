// Loaded before core's bundle: at each SIGUSR2 a line with what is held after a forced collection, bytes.
process.on("SIGUSR2", () => {
  globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  process.stderr.write(`${JSON.stringify({ held: heapUsed + external })}\n`);
});
