import { type Elements, type Stage, sumOf } from './stage.js';

/** One source after another. */
export const concatenate = <T>(sources: readonly Stage<T>[]): Stage<T> => ({
  sources,
  size: () => sumOf(sources.map((source) => source.size())),
  async *open(pass, from): Elements<T> {
    let left = from;
    for (const source of sources) {
      const size = source.size();
      if (size !== undefined && left >= size) {
        left -= size;
        continue;
      }
      for await (const element of source.open(pass, size === undefined ? 0 : left))
        if (size !== undefined || left-- <= 0) yield element;
      left = Math.max(0, size === undefined ? left : 0);
    }
  },
});
