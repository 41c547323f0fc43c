import { type Stage, each } from './stage.js';

/** Elements that are in memory already. */
export const list = <T>(elements: readonly T[]): Stage<T> => ({
  sources: [],
  size: () => elements.length,
  open: (_, from) => each(elements.slice(from)),
});
