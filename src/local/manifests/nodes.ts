import { isAlias, isMap, isPair, isScalar, isSeq, type Document, type Node, type Pair } from "yaml";
import { appendToken } from "../../api/structural.ts";
import { pointerTokens } from "../cluster/problem.ts";

/** Offset in the text of the field that `pointer` names (its key, an item's start), or of the nearest around it. */
export function nodeAt(document: Document.Parsed, pointer: string): number {
  let offset = document.contents?.range[0] ?? document.range[0];
  let node: unknown = document.contents;
  for (const token of pointerTokens(pointer)) {
    const step = stepInto(resolved(document, node), token, document);
    if (step === undefined) return offset;
    offset = step.offset ?? offset;
    node = step.node;
  }
  return offset;
}

/** JSON Pointer of the field that `offset` is in. */
export function pointerAt(node: unknown, offset: number, above = ""): string {
  if (isMap(node)) {
    const within = node.items.findLast(({ key }) => startOf(key) <= offset);
    return within === undefined ? above : pointerAt(within.value, offset, appendToken(above, keyText(within)));
  }
  if (isSeq(node)) {
    const index = node.items.findLastIndex((item) => startOf(item) <= offset);
    return index < 0 ? above : pointerAt(node.items[index], offset, appendToken(above, index));
  }
  return above;
}

interface Step {
  readonly node: unknown;
  readonly offset: number | undefined;
}

function stepInto(node: unknown, token: string, document: Document.Parsed): Step | undefined {
  if (isSeq(node)) {
    const item = node.items[Number(token)];
    return item === undefined ? undefined : { node: item, offset: rangeStart(item) };
  }
  if (!isMap(node)) return undefined;
  const own = node.items.find((pair) => keyText(pair) === token);
  if (own !== undefined) return { node: own.value, offset: rangeStart(own.key) };
  for (const pair of node.items.filter((candidate) => keyText(candidate) === "<<")) {
    const merged = resolved(document, pair.value);
    for (const source of isSeq(merged) ? merged.items : [merged]) {
      const step = stepInto(resolved(document, source), token, document);
      if (step !== undefined) return step;
    }
  }
  return undefined;
}

function resolved(document: Document.Parsed, node: unknown): unknown {
  return isAlias(node) ? node.resolve(document) : node;
}

function keyText({ key }: Pair): string {
  return isScalar(key) ? String(key.value) : "";
}

function startOf(node: unknown): number {
  return rangeStart(node) ?? Number.POSITIVE_INFINITY;
}

function rangeStart(node: unknown): number | undefined {
  if (isPair(node)) return rangeStart(node.key);
  return (node as Node | null | undefined)?.range?.[0];
}
