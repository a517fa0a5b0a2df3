import { RE2JS, RE2JSSyntaxException, type Matcher } from "re2js";
import { ProviderError } from "./errors.ts";
import { expand, parseTarget } from "./re2-target.ts";

/** Longest expression that is compiled, in characters, and the most instructions that it may become. */
const maxPattern = 10_000;
const maxProgram = 50_000;
/** Instructions times characters that one call may cost at worst, some seconds; linear time alone is no bound. */
const maxSteps = 100_000_000;
/** Longest result of a replacement, in characters: many matches of nothing times a long target would fill the memory. */
const maxResult = 1_048_576;

/** A compiled regular expression of a user's, in RE2 syntax; its time is linear in the text. */
export interface Re2 {
  /** Whether any part of `text` matches (not anchored). Throws ProviderError InvalidConfig when that would take too long. */
  matches(text: string): boolean;
  /**
   * Every match replaced as Go's ReplaceAllString does: `$1`, `${1}`, `$name`, `${name}` stand for groups, `$$` for `$`.
   * Throws ProviderError InvalidConfig when that would take too long or become too large.
   */
  replaceAll(text: string, target: string): string;
}

/**
 * Compiles what a user wrote in `field` (https://github.com/google/re2/wiki/Syntax). Throws ProviderError InvalidConfig
 * naming the field. Load this module when it is needed: re2js is the largest part of a small bundle.
 */
export function compileRe2(pattern: string, field: string): Re2 {
  const tooLarge = () => new ProviderError("InvalidConfig", `${field}: the regular expression is too large`);
  if (pattern.length > maxPattern) throw tooLarge();
  const compiled = compile(pattern, field);
  if (compiled.programSize() > maxProgram) throw tooLarge();
  return new CompiledRe2(compiled, field);
}

function compile(pattern: string, field: string): RE2JS {
  try {
    return RE2JS.compile(pattern);
  } catch (error) {
    // The description is one of the library's fixed phrases; its message would quote the pattern.
    const why = error instanceof RE2JSSyntaxException ? `: ${error.getDescription()}` : "";
    throw new ProviderError("InvalidConfig", `${field}: not a regular expression in RE2 syntax${why}`, {
      cause: error,
    });
  }
}

class CompiledRe2 implements Re2 {
  readonly #compiled: RE2JS;
  readonly #field: string;

  constructor(compiled: RE2JS, field: string) {
    this.#compiled = compiled;
    this.#field = field;
  }

  matches(text: string): boolean {
    this.#spend(0, text.length);
    return this.#compiled.test(text);
  }

  replaceAll(text: string, target: string): string {
    const parts = parseTarget(target, new Map(Object.entries(this.#compiled.namedGroups())));
    const matcher = this.#compiled.matcher(text);
    let result = "";
    let copied = 0;
    let position = 0;
    let steps = 0;
    while (position <= text.length) {
      steps = this.#spend(steps, text.length - position);
      if (!matcher.find(position)) break;
      const [start, end] = [matcher.start(), matcher.end()];
      result += text.slice(copied, start);
      // Go replaces no empty match that directly follows another match.
      if (end > copied || start === 0) result += expand(parts, (group) => groupOf(matcher, group));
      if (result.length > maxResult) throw this.#invalid("the replaced text is too large");
      copied = end;
      const next = position + ((text.codePointAt(position) ?? 0) > 0xffff ? 2 : 1);
      position = Math.max(end, next);
    }
    return result + text.slice(copied);
  }

  #spend(before: number, length: number): number {
    const steps = before + this.#compiled.programSize() * length;
    if (steps > maxSteps) throw this.#invalid("the regular expression is too costly for a text of this length");
    return steps;
  }

  #invalid(problem: string): ProviderError {
    return new ProviderError("InvalidConfig", `${this.#field}: ${problem}`);
  }
}

function groupOf(matcher: Matcher, group: number): string {
  return group <= matcher.groupCount() ? (matcher.group(group) ?? "") : "";
}
