import type { Elements, Stage } from './stage.js';

/** What gives one element of each source together, as long as all give one. */
export const zip = <U>(
  sources: readonly Stage<unknown>[],
  join: (elements: readonly unknown[]) => U,
): Stage<U> => ({
  sources,
  size: () => {
    const sizes = sources.map((source) => source.size());
    return sizes.includes(0) ? 0 : sizes.includes(undefined) ? undefined : Math.min(...(sizes as number[]));
  },
  async *open(pass, from): Elements<U> {
    const readers = sources.map((source) => source.open(pass, from));
    try {
      for (;;) {
        const next = await Promise.all(readers.map((reader) => reader.next()));
        if (next.some(({ done }) => done)) return;
        yield join(next.map(({ value }) => value));
      }
    } finally {
      await Promise.all(readers.map((reader) => reader.return()));
    }
  },
});
