/** The first component of a path as an object reads it, and what follows the dot. */
export interface KeyComponent {
  /** Escapes taken out; for the comparison of whole keys. */
  readonly name: string;
  /** As written; for {@link matchesWildcard}. */
  readonly pattern: string;
  readonly wild: boolean;
  readonly rest: string | undefined;
}

/** `#(path op value)` or `#(path op value)#`, and what follows the dot. */
export interface Query {
  readonly path: string;
  /** Empty: whether `path` exists. */
  readonly operator: "" | "=" | "!=" | "<" | "<=" | ">" | ">=" | "%" | "!%";
  readonly value: string;
  readonly all: boolean;
  readonly rest: string | undefined;
}

/** A path of a multipath `[a,b]` or `{"name":a,b}`. */
export interface Selector {
  readonly name: string | undefined;
  readonly path: string;
}

/** Reads one key component: dots end it, a backslash takes the next character literally. */
export function parseKey(path: string): KeyComponent {
  let name = "";
  let wild = false;
  for (let at = 0; at < path.length; at++) {
    const character = path.charAt(at);
    if (character === ".") return { name, pattern: path.slice(0, at), wild, rest: path.slice(at + 1) };
    if (character === "\\") name += path.charAt(++at);
    else {
      name += character;
      wild ||= character === "*" || character === "?";
    }
  }
  return { name, pattern: path, wild, rest: undefined };
}

/**
 * Splits a path at the first pipe that is not inside a query, a multipath or a string. A dot before a modifier or a
 * multipath is such a pipe, except after `#`, where it applies to each element.
 */
export function splitPipe(path: string, isModifier: (name: string) => boolean): readonly [string, string | undefined] {
  let component = 0;
  let each = false;
  for (let at = 0; at < path.length; at++) {
    const character = path.charAt(at);
    if (at === component && character === "#") {
      each = true;
      if (path[at + 1] === "(" || path[at + 1] === "[") at = endOfBrackets(path, at + 1) - 1;
    } else if (at === component && at > 0 && (character === "[" || character === "{")) {
      at = endOfBrackets(path, at) - 1;
    } else if (character === "\\") {
      at += 1;
    } else if (character === "|") {
      return [path.slice(0, at), path.slice(at + 1)];
    } else if (character === ".") {
      component = at + 1;
      if (!each && startsPiped(path.slice(component), isModifier)) return [path.slice(0, at), path.slice(component)];
    }
  }
  return [path, undefined];
}

/** Reads a query; undefined when it is none or its bracket never closes. */
export function parseQuery(path: string): Query | undefined {
  if (!/^#[([]/.test(path)) return undefined;
  const end = endOfBrackets(path, 1);
  if (path[end - 1] !== ")" && path[end - 1] !== "]") return undefined;
  const all = path[end] === "#";
  const dot = path.indexOf(".", end);
  const rest = dot === -1 ? undefined : path.slice(dot + 1);
  const inner = path.slice(2, end - 1);
  const operatorAt = findOperator(inner);
  if (operatorAt === undefined) return { path: inner.trim(), operator: "", value: "", all, rest };
  const found = /^(?:!=|!%|<=|>=|==|[<>=%])/.exec(inner.slice(operatorAt))?.[0] ?? "";
  const value = unquote(inner.slice(operatorAt + found.length).trim());
  return {
    path: inner.slice(0, operatorAt).trim(),
    operator: found === "==" ? "=" : operatorOf(found),
    value,
    all,
    rest,
  };
}

/** Reads a multipath and what follows it; undefined when its bracket never closes. */
export function parseSelectors(
  path: string,
): { readonly selectors: readonly Selector[]; readonly rest: string } | undefined {
  const end = endOfBrackets(path, 0);
  if (path[end - 1] !== "]" && path[end - 1] !== "}") return undefined;
  return { selectors: splitTop(path.slice(1, end - 1)).map(parseSelector), rest: path.slice(end) };
}

/** The index after the bracket that closes the one at `start`; strings and escapes inside are skipped. */
export function endOfBrackets(path: string, start: number): number {
  let depth = 0;
  for (let at = start; at < path.length; at++) {
    const character = path.charAt(at);
    if (character === "\\") at += 1;
    else if (character === '"') at = endOfQuotes(path, at) - 1;
    else if ("([{".includes(character)) depth += 1;
    else if (")]}".includes(character) && --depth === 0) return at + 1;
  }
  return path.length;
}

/** The index after the quote that closes the one at `start`. */
export function endOfQuotes(path: string, start: number): number {
  for (let at = start + 1; at < path.length; at++) {
    if (path[at] === "\\") at += 1;
    else if (path[at] === '"') return at + 1;
  }
  return path.length;
}

function startsPiped(next: string, isModifier: (name: string) => boolean): boolean {
  const modifier = /^@([^.|:]*)/.exec(next)?.[1];
  return modifier === undefined ? /^[[{]/.test(next) : isModifier(modifier);
}

function findOperator(inner: string): number | undefined {
  for (let at = 0; at < inner.length; at++) {
    const character = inner.charAt(at);
    if (character === "\\") at += 1;
    else if (character === '"') at = endOfQuotes(inner, at) - 1;
    else if ("([".includes(character)) at = endOfBrackets(inner, at) - 1;
    else if ("!=<>%".includes(character)) return at;
  }
  return undefined;
}

function operatorOf(found: string): Query["operator"] {
  const operators = ["=", "!=", "<", "<=", ">", ">=", "%", "!%"] as const;
  return operators.find((operator) => operator === found) ?? "";
}

function unquote(value: string): string {
  if (!/^".*"$/s.test(value) || value.length < 2) return value;
  return value.slice(1, -1).replace(/\\(["\\])/g, "$1");
}

function splitTop(text: string): readonly string[] {
  const parts: string[] = [];
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    if (character === "\\") at += 1;
    else if (character === '"') at = endOfQuotes(text, at) - 1;
    else if ("([{".includes(character)) at = endOfBrackets(text, at) - 1;
    else if (character === ",") {
      parts.push(text.slice(start, at));
      start = at + 1;
    }
  }
  return [...parts, text.slice(start)];
}

function parseSelector(text: string): Selector {
  const colon = text.startsWith('"') ? endOfQuotes(text, 0) : text.search(/[:@([{]/);
  if (text[colon] !== ":") return { name: undefined, path: text };
  return { name: text.slice(0, colon), path: text.slice(colon + 1) };
}
