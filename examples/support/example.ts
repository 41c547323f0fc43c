import { mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';

/** An example's choices, and where its pictures go. */
export interface Example<F extends Readonly<Record<string, string>>> {
  /** Whether it should take seconds: `--quick`. */
  readonly quick: boolean;
  /** What was given on the command line, else the defaults. */
  readonly flags: F;
  /** A file of its folder `out/NAME`, which is made. */
  readonly out: (file: string) => string;
  /** Prints the number that the example is about; where it misses its bound, the process ends with 1. */
  readonly figure: (what: string, value: number, bound: { atLeast?: number; atMost?: number }) => void;
}

/**
 * What every example begins with.
 *
 * @param flags The defaults of its own flags; an empty text chooses by `--quick`.
 */
export function example<F extends Readonly<Record<string, string>>>(flags: F): Example<F> {
  const options = Object.fromEntries(
    Object.entries(flags).map(([name, value]) => [name, { type: 'string' as const, default: value }]),
  );
  const { values } = parseArgs({ options: { ...options, quick: { type: 'boolean', default: false } } });
  const { quick, ...given } = values as { quick: boolean } & Record<string, string>;
  const folder = join('out', basename(process.argv[1]!, '.ts'));
  return {
    quick,
    flags: given as unknown as F,
    out: (file) => {
      mkdirSync(folder, { recursive: true });
      return join(folder, file);
    },
    figure: (what, value, { atLeast = -Infinity, atMost = Infinity }) => {
      const isMet = value >= atLeast && value <= atMost;
      const bound = Number.isFinite(atLeast) ? `at least ${atLeast}` : `at most ${atMost}`;
      console.log(`${isMet ? 'ok    ' : 'MISSED'} ${what}: ${Number(value.toPrecision(4))} (${bound})`);
      if (!isMet) process.exitCode = 1;
    },
  };
}
