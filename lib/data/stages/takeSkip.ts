import type { Elements, Stage } from './stage.js';

/** The first elements. */
export const take = <T>(source: Stage<T>, count: number): Stage<T> => ({
  sources: [source],
  size: () => {
    const size = source.size();
    return count === 0 ? 0 : size === undefined ? undefined : Math.min(count, size);
  },
  async *open(pass, from): Elements<T> {
    let left = count - from;
    if (left <= 0) return;
    for await (const element of source.open(pass, from)) {
      yield element;
      // Not one more than is asked for: it may be long in coming.
      if (--left === 0) return;
    }
  },
});

/** The elements after the first ones. */
export const skip = <T>(source: Stage<T>, count: number): Stage<T> => ({
  sources: [source],
  size: () => {
    const size = source.size();
    return size === undefined ? undefined : Math.max(0, size - count);
  },
  open: (pass, from) => source.open(pass, from + count),
});
