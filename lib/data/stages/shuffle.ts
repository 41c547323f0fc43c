import { RandomStream } from '../../base/randomStream.js';
import { itemAt } from '../../base/list.js';
import { type Elements, type Stage, without } from './stage.js';

/** Elements in a random order: each is drawn from a buffer of those that come next. */
export function shuffle<T>(source: Stage<T>, buffer: number, seed: number, reshuffle: boolean): Stage<T> {
  const stage = {
    sources: [source],
    seed,
    size: () => source.size(),
    open: (pass: number, from: number) => without(drawn(pass), from),
  };
  async function* drawn(pass: number): Elements<T> {
    const random = new RandomStream(stage.seed, reshuffle ? pass : 0);
    const held: T[] = [];
    for await (const element of source.open(pass, 0)) {
      if (held.length < buffer) {
        held.push(element);
        continue;
      }
      const i = random.below(buffer);
      const out = itemAt(held, i);
      held[i] = element;
      yield out;
    }
    while (held.length > 0) {
      const i = random.below(held.length);
      const out = itemAt(held, i);
      const last = held.pop();
      if (i < held.length) held[i] = last as T;
      yield out;
    }
  }
  return stage;
}
