/** The sum of a metric's samples whose labels hold each of `labels`, as they are printed: `code="OK"`. */
export function sumOf(metrics: string, name: string, ...labels: readonly string[]): number {
  return samplesOf(metrics, name)
    .filter(([series]) => labels.every((label) => series.includes(label)))
    .reduce((sum, [, value]) => sum + value, 0);
}

/** A metric's samples, each as its labels and its value. */
export function samplesOf(metrics: string, name: string): readonly (readonly [labels: string, value: number])[] {
  return metrics.split("\n").flatMap((line) => {
    const [, labels = "", value] = /^[a-z_]+(\{.*\})? (\S+)$/.exec(line) ?? [];
    return line.startsWith(`${name}{`) || line.startsWith(`${name} `) ? [[labels, Number(value)] as const] : [];
  });
}
