import { rowsOf, withoutTensors } from '../elements.js';
import type { Elements, Stage } from './stage.js';

/** The rows of each element's arrays. */
export const unbatch = (source: Stage<unknown>): Stage<unknown> => ({
  sources: [source],
  size: () => (source.size() === 0 ? 0 : undefined),
  async *open(pass, from): Elements<unknown> {
    let left = from;
    for await (const element of source.open(pass, 0)) {
      const { length, at } = rowsOf('Dataset.unbatch', await withoutTensors(element));
      for (let i = Math.min(left, length); i < length; i++) yield at(i);
      left = Math.max(0, left - length);
    }
  },
});
