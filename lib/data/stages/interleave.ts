import { type Elements, type Stage, without } from './stage.js';

/** How {@link interleave} goes over its sources, round robin. */
export interface RoundRobin {
  /** How many sources are open at once. */
  readonly cycleLength: number;
  /** How many elements one of them gives in its turn. */
  readonly blockLength: number;
}

/** The elements of the sources that a function makes of each element, round robin: a block of each source in turn. */
export function interleave<T, U>(
  source: Stage<T>,
  make: (element: T, index: number) => Stage<U> | Promise<Stage<U>>,
  { cycleLength, blockLength }: RoundRobin,
): Stage<U> {
  async function* roundRobin(pass: number): Elements<U> {
    const outer = source.open(pass, 0);
    const open: (Elements<U> | undefined)[] = [];
    let ended = false;
    let index = 0;
    try {
      for (let at = 0; !ended || open.some((inner) => inner); at = (at + 1) % cycleLength) {
        if (!open[at] && !ended) {
          const next = await outer.next();
          if (next.done === true) ended = true;
          else open[at] = (await make(next.value, index++)).open(pass, 0);
        }
        for (let i = 0; i < blockLength; i++) {
          const next = await open[at]?.next();
          if (next?.done === true) open[at] = undefined;
          if (next === undefined || next.done === true) break;
          yield next.value;
        }
      }
    } finally {
      await Promise.all([outer, ...open].map(async (reader) => reader?.return()));
    }
  }
  return {
    sources: [source],
    size: () => (source.size() === 0 ? 0 : undefined),
    open: (pass, from) => without(roundRobin(pass), from),
  };
}
