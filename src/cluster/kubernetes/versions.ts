/**
 * Whether resourceVersion `a` is older than `b`, of objects of one kind: they are numbers that grow
 * (https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions). False when either is none.
 */
export function isOlder(a: string, b: string): boolean {
  if (!/^[1-9]\d*$/.test(a) || !/^[1-9]\d*$/.test(b)) return false;
  return a.length === b.length ? a < b : a.length < b.length;
}
