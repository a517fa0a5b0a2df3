import { Composer, LineCounter, Parser, visit, type Document, type YAMLError } from "yaml";
import { nodeAt, pointerAt } from "./nodes.ts";

/** A place in a text; both from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** What is wrong with a document as YAML. */
export interface Fault extends Position {
  /** JSON Pointer of the field; empty where the text is no YAML: a "field" there may be a value that lacks its quotes. */
  readonly pointer: string;
  readonly message: string;
}

/** One document of a YAML or JSON text. */
export interface ManifestDocument {
  /** Plain values; undefined when the document is empty or has faults. */
  readonly value: unknown;
  readonly faults: readonly Fault[];
  /** Where the field of a JSON Pointer stands (its key), or else the nearest one around it. */
  locate(pointer: string): Position;
}

/** How often all aliases of a document may repeat what they stand for; more is an attack ("billion laughs"). */
const aliasLimit = 100;

/** Our words for the parser's codes: its own messages may quote the text. */
const messages: ReadonlyMap<string, string> = new Map([
  ["BAD_ALIAS", "names an anchor that is not there"],
  ["BAD_INDENT", "is not indented as what is around it asks for"],
  ["BLOCK_AS_IMPLICIT_KEY", "a value with ': ' in it needs quotes, a nested object a line of its own"],
  ["DUPLICATE_KEY", "is given twice in one object"],
  ["MISSING_CHAR", "misses a character: a closing quote or bracket, a ':' or a ','"],
  ["NON_STRING_KEY", "the keys of an object must be plain text"],
  ["RESOURCE_EXHAUSTION", "is nested too deeply"],
  ["TAB_AS_INDENT", "is indented with a tab; use spaces"],
  ["TAG_RESOLVE_FAILED", "has a tag that is not part of YAML's core schema; remove it"],
]);

/** What is wrong in a text that is YAML. */
const wellFormed: ReadonlySet<string> = new Set(["DUPLICATE_KEY", "TAG_RESOLVE_FAILED"]);

/**
 * The documents of `text`, one at a time: YAML 1.2's core schema, and merge keys (`<<`), which Kubernetes' own parser
 * knows too. JSON is YAML. A faulty document does not hide the next one.
 */
export function* readDocuments(text: string): Generator<ManifestDocument> {
  const lines = new LineCounter();
  const mayAlias = text.includes("*");
  const composer = new Composer({
    version: "1.2",
    merge: true,
    stringKeys: true,
    resolveKnownTags: false,
    prettyErrors: false,
    logLevel: "silent",
  });
  const positionOf = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  for (const document of composer.compose(new Parser(lines.addNewLine).parse(text), false, text.length)) {
    const parsed = valueOf(document, mayAlias);
    yield {
      value: parsed.value,
      faults: parsed.faults.map(({ offset, inField, message }) => ({
        ...positionOf(offset),
        pointer: inField ? pointerAt(document.contents, offset) : "",
        message,
      })),
      locate: (pointer) => positionOf(nodeAt(document, pointer)),
    };
  }
}

interface Found {
  readonly offset: number;
  /** Whether the document's fields are certain. */
  readonly inField: boolean;
  readonly message: string;
}

function valueOf(
  document: Document.Parsed,
  mayAlias: boolean,
): { readonly value?: unknown; readonly faults: readonly Found[] } {
  const errors = [...document.errors, ...document.warnings];
  if (errors.length > 0)
    return {
      faults: worthReporting(errors).map((error) => ({
        offset: error.pos[0],
        inField: wellFormed.has(error.code),
        message: messageOf(error),
      })),
    };
  const loop = mayAlias ? badAlias(document) : undefined;
  if (loop !== undefined) return { faults: [loop] };
  try {
    return { value: document.toJS({ maxAliasCount: aliasLimit }), faults: [] };
  } catch {
    // What is left for the library to refuse is the number of aliases.
    return {
      faults: [
        { offset: document.range[0], inField: false, message: `its aliases repeat more than ${aliasLimit} times` },
      ],
    };
  }
}

/** Every duplicate key; of the rest the first: what follows a syntax error is mostly its echo. */
function worthReporting(errors: readonly YAMLError[]): readonly YAMLError[] {
  const other = errors.find(({ code }) => code !== "DUPLICATE_KEY");
  return other === undefined ? errors : [other];
}

function messageOf({ code }: YAMLError): string {
  return messages.get(code) ?? `is not valid YAML (${code})`;
}

/** The first alias that stands for nothing, or for something that it is part of. */
function badAlias(document: Document.Parsed): Found | undefined {
  let found: Found | undefined;
  visit(document, {
    Alias: (_, alias, path) => {
      const target = alias.resolve(document);
      const offset = alias.range?.[0] ?? document.range[0];
      if (target === undefined) found = { offset, inField: true, message: messages.get("BAD_ALIAS") ?? "" };
      else if (path.includes(target))
        found = { offset, inField: true, message: "stands for something that it is part of" };
      return found === undefined ? undefined : visit.BREAK;
    },
  });
  return found;
}
