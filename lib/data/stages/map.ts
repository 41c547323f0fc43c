import type { Elements, Stage } from './stage.js';

/** What a map calls for each element. */
export type MapFunction<T, U> = (element: T, index: number, pass: number) => U | PromiseLike<U>;

/** What a function makes of each element; up to `calls` of them are made at once, in order. */
export const map = <T, U>(source: Stage<T>, make: MapFunction<T, U>, calls: number): Stage<U> => ({
  sources: [source],
  size: () => source.size(),
  async *open(pass, from): Elements<U> {
    let index = from;
    const pending: Promise<U>[] = [];
    for await (const element of source.open(pass, from)) {
      if (calls === 1) {
        yield await make(element, index++, pass);
        continue;
      }
      const made = Promise.resolve(make(element, index++, pass));
      // Whoever waits for it comes later.
      made.catch(() => undefined);
      if (pending.push(made) < calls) continue;
      const first = await pending.shift();
      yield first as U;
    }
    for (const made of pending) yield await made;
  },
});
