import { ProviderError } from "./errors.ts";

const nanoseconds: ReadonlyMap<string, number> = new Map([
  ["ns", 1],
  ["us", 1e3],
  ["µs", 1e3],
  ["μs", 1e3],
  ["ms", 1e6],
  ["s", 1e9],
  ["m", 60e9],
  ["h", 3600e9],
]);

const part = /(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/gu;
const whole = /^[-+]?(?:0|(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)$/u;

/**
 * Milliseconds (with fractions) of a duration in Go's syntax (time.ParseDuration): "1h30m", "1.5s", "-2ms", "0".
 * InvalidConfig for anything else, and past 292 years, which Go cannot hold.
 */
export function parseDuration(text: string): number {
  if (!whole.test(text)) {
    throw new ProviderError(
      "InvalidConfig",
      "not a duration; write numbers with units ns, us, ms, s, m or h, such as 1h30m",
    );
  }
  let sum = 0;
  for (const [, amount, unit] of text.matchAll(part)) sum += Number(amount) * (nanoseconds.get(unit ?? "") ?? 0);
  if (sum >= 2 ** 63) throw new ProviderError("InvalidConfig", "the duration is longer than 292 years");
  return (text.startsWith("-") ? -sum : sum) / 1e6;
}

/** Milliseconds as Go prints a duration (Duration.String): "1h0m0s", "1.5s", "250ms", "0s". */
export function formatDuration(milliseconds: number): string {
  const total = BigInt(Math.round(Math.abs(milliseconds) * 1e6));
  const sign = milliseconds < 0 && total > 0n ? "-" : "";
  return sign + formatNanoseconds(total);
}

function formatNanoseconds(total: bigint): string {
  if (total === 0n) return "0s";
  if (total < 1_000n) return `${total}ns`;
  if (total < 1_000_000n) return `${decimal(total, 3)}µs`;
  if (total < 1_000_000_000n) return `${decimal(total, 6)}ms`;
  const minutes = total / 60_000_000_000n;
  const seconds = `${decimal(total % 60_000_000_000n, 9)}s`;
  if (minutes === 0n) return seconds;
  return minutes < 60n ? `${minutes}m${seconds}` : `${minutes / 60n}h${minutes % 60n}m${seconds}`;
}

/** `value` with the decimal point `places` digits from the right, without trailing zeros. */
function decimal(value: bigint, places: number): string {
  const digits = value.toString().padStart(places + 1, "0");
  const fraction = digits.slice(-places).replace(/0+$/u, "");
  return digits.slice(0, -places) + (fraction === "" ? "" : `.${fraction}`);
}
