/** Numbers of one round of one variant, by what they are. */
export type Figures = Readonly<Record<string, number>>;

/** The figures of a variant, one for each round. */
export type Rounds = ReadonlyMap<string, readonly Figures[]>;

/** Something that is measured. */
export interface Variant {
  readonly name: string;
  measure(): Promise<Figures>;
}

/**
 * Measures every variant once in each round, every other round backwards, so that what slows the machine for a while
 * slows neighbours alike: figures of one round may be compared, figures of different rounds may not.
 */
export async function interleave(
  rounds: number,
  variants: readonly Variant[],
  onFigures: (round: number, variant: string, figures: Figures) => void,
): Promise<Rounds> {
  const measured = new Map<string, Figures[]>(variants.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const { name, measure } of round % 2 === 0 ? variants : variants.toReversed()) {
      const figures = await measure();
      measured.get(name)?.push(figures);
      onFigures(round, name, figures);
    }
  }
  return measured;
}

/** Median of a figure over the rounds. */
export function typical(rounds: Rounds, variant: string, figure: string): number {
  return median(figuresOf(rounds, variant, figure));
}

/** Median over the rounds of one variant's figure by another's of the same round. */
export function ratio(rounds: Rounds, figure: string, [variant, base]: readonly [string, string]): number {
  const bases = figuresOf(rounds, base, figure);
  return median(figuresOf(rounds, variant, figure).map((value, round) => value / (bases[round] ?? Number.NaN)));
}

function figuresOf(rounds: Rounds, variant: string, figure: string): readonly number[] {
  return (rounds.get(variant) ?? []).map((figures) => figures[figure] ?? Number.NaN);
}

/** The middle value; of an even number the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.slice((sorted.length - 1) >> 1, (sorted.length >> 1) + 1);
  return middle.reduce((sum, value) => sum + value, 0) / middle.length;
}
