import { withoutTensors } from '../elements.js';
import type { Elements, Stage } from './stage.js';

/** Every `size` elements as one; the last may be of fewer. */
export function batch<T, U>(
  source: Stage<T>,
  size: number,
  dropRemainder: boolean,
  join: (elements: readonly unknown[]) => U,
): Stage<U> {
  return {
    sources: [source],
    size: () => {
      const all = source.size();
      return all === undefined ? undefined : dropRemainder ? Math.floor(all / size) : Math.ceil(all / size);
    },
    async *open(pass, from): Elements<U> {
      let held: unknown[] = [];
      for await (const element of source.open(pass, from * size)) {
        const plain = withoutTensors(element);
        held.push(plain instanceof Promise ? await plain : plain);
        if (held.length < size) continue;
        const full = held;
        held = [];
        yield join(full);
      }
      if (held.length > 0 && !dropRemainder) yield join(held);
    },
  };
}
