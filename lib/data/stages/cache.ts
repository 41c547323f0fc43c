import { type Elements, type Stage, each } from './stage.js';
import { readCache, writeCache } from '../cacheFile.js';

/** Elements that are made once, by the first pass that gets to its end, and come from memory afterwards. */
export function cacheInMemory<T>(source: Stage<T>): Stage<T> {
  let kept: readonly T[] | undefined;
  return {
    sources: [source],
    size: () => kept?.length ?? source.size(),
    async *open(_, from): Elements<T> {
      if (kept) {
        yield* each(kept.slice(from));
        return;
      }
      const made: T[] = [];
      // Always as in the first pass, so that a program that begins later has the same elements.
      for await (const element of source.open(0, 0)) if (made.push(element) > from) yield element;
      kept = made;
    },
  };
}

/** The same with a file in place of the memory, which later programs read, too. */
export const cacheInFile = <T>(source: Stage<T>, file: string): Stage<T> => ({
  sources: [source],
  size: () => source.size(),
  async *open(_, from): Elements<T> {
    const kept = await readCache(file, from);
    if (kept) {
      yield* kept as Elements<T>;
      return;
    }
    const writer = await writeCache(file);
    try {
      let left = from;
      for await (const element of source.open(0, 0)) {
        await writer.add(element);
        if (left-- <= 0) yield element;
      }
      await writer.finish();
    } finally {
      await writer.close();
    }
  },
});
