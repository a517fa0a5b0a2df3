/** `map` over `items`, at most `width` at a time, results in order. Rejects with the first error; starts nothing after it. */
export async function mapConcurrently<T, R>(
  items: readonly T[],
  width: number,
  map: (item: T) => Promise<R>,
): Promise<readonly R[]> {
  const results: R[] = [];
  const queue = items.entries();
  const worker = async () => {
    for (const [index, item] of queue) results[index] = await map(item);
  };
  try {
    await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker));
  } finally {
    queue.return?.();
  }
  return results;
}
