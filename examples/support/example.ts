import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';

/** An example's choices, and where its pictures go. */
export interface Example<F extends Readonly<Record<string, string>>> {
  /** Whether it should take seconds: `--quick`. */
  readonly quick: boolean;
  /** What was given on the command line, else the defaults. */
  readonly flags: F;
  /** A file of its folder `out/NAME`, which is made; at the end the names of all that are there are printed. */
  readonly out: (file: string) => string;
  /** Prints the number that the example is about; where it misses its bound, the process ends with 1. */
  readonly figure: (what: string, value: number, bound: { atLeast?: number; atMost?: number }) => void;
}

/** What the file of an example says about it in its first comment. */
function introduction(file: string): string {
  const [, comment = ''] = /^\/\*\*\n(.*?)\n \*\//s.exec(readFileSync(file, 'utf8')) ?? [];
  return comment.replace(/^ \* ?/gm, '');
}

/** Prints what is wrong with the arguments, and ends. */
function refuse(name: string, problem: string): never {
  console.error(`${problem}\nnpm run example ${name} -- --help   lists what it takes.`);
  process.exit(1);
}

/**
 * What every example begins with. `--help` prints what the example's file says first, and its flags.
 *
 * @param flags The defaults of its own flags; an empty text chooses by `--quick`. One whose default is a number, or is empty, takes numbers.
 * @param files The flags that take names of files, though their default is empty.
 */
export function example<F extends Readonly<Record<string, string>>>(
  flags: F,
  files: readonly (keyof F)[] = [],
): Example<F> {
  const name = basename(process.argv[1]!, '.ts');
  const options: Record<string, { type: 'string' | 'boolean'; default: string | boolean }> = {
    quick: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  };
  for (const [flag, value] of Object.entries(flags)) options[flag] = { type: 'string', default: value };
  let values: object;
  try {
    ({ values } = parseArgs({ options }));
  } catch (error) {
    refuse(name, (error as Error).message.split('. ', 1)[0]!);
  }
  const { quick, help, ...given } = values as { quick: boolean; help: boolean } & Record<string, string>;
  if (help) {
    const own = Object.entries(flags).map(([flag, value]) => `--${flag} ${value || '…'}`);
    console.log(
      `${introduction(process.argv[1]!)}\n\nIt takes: ${['--quick', ...own].join('  ')}\n(… depends on --quick.)`,
    );
    process.exit(0);
  }
  for (const [flag, value] of Object.entries(given)) {
    const isNumber = Number.isFinite(Number(flags[flag])) && !files.includes(flag);
    if (isNumber && !Number.isFinite(Number(value)))
      refuse(name, `--${flag}: expected a number, received ${value}`);
  }
  const folder = join('out', name);
  const written = new Set<string>();
  process.on('exit', () => {
    const files = [...written].filter((file) => existsSync(join(folder, file)));
    if (files.length > 0) console.log(`In ${folder}: ${files.join(', ')}`);
  });
  return {
    quick,
    flags: given as unknown as F,
    out: (file) => {
      mkdirSync(folder, { recursive: true });
      written.add(file);
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
