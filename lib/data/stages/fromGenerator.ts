import { expected } from '../../base/checks.js';
import type { Elements, Stage } from './stage.js';

/** What a pass reads: anything that can be gone through once or again. */
export type Source<T> = Iterable<T> | AsyncIterable<T>;

/** What a function gives that begins anew at each call. */
export function fromGenerator<T>(
  make: (pass: number) => Source<T> | Promise<Source<T>>,
  size: number | undefined,
): Stage<T> {
  return {
    sources: [],
    size: () => size,
    async *open(pass, from): Elements<T> {
      const source: unknown = await make(pass);
      const isIterable =
        typeof source === 'object' &&
        source !== null &&
        (Symbol.asyncIterator in source || Symbol.iterator in source);
      if (!isIterable)
        throw expected(
          'Dataset.fromGenerator',
          'a function that gives an iterable, such as a generator function',
          source,
        );
      let left = from;
      for await (const element of source as AsyncIterable<T>) if (left-- <= 0) yield element;
    },
  };
}
