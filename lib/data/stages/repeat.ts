import type { Elements, Stage } from './stage.js';

/** How far apart the numbers are of the first passes of an endless repetition that is begun several times. */
const ENDLESS = 2 ** 20;

/** The source again and again, each time as another pass of it. */
export const repeat = <T>(source: Stage<T>, count: number): Stage<T> => ({
  sources: [source],
  size: () => {
    const size = source.size();
    return size === 0 || count === 0 ? 0 : size === undefined ? undefined : size * count;
  },
  async *open(pass, from): Elements<T> {
    const size = source.size();
    const first = pass * (count === Infinity ? ENDLESS : count);
    let round = size ? Math.floor(from / size) : 0;
    let left = size ? from % size : from;
    for (; round < count; round++) {
      let given = 0;
      for await (const element of source.open(first + round, size ? left : 0)) {
        given++;
        if (size || left-- <= 0) yield element;
      }
      // What gives nothing would go on without end.
      if (given === 0) return;
      if (size) left = 0;
    }
  },
});
