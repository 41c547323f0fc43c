import type { Elements, Stage } from './stage.js';

/** Elements that are asked for before they are needed, up to `count` of them. */
export const prefetch = <T>(source: Stage<T>, count: number): Stage<T> => ({
  sources: [source],
  size: () => source.size(),
  open: (pass, from) => ahead(source.open(pass, from), count),
});

async function* ahead<T>(elements: Elements<T>, count: number): Elements<T> {
  const ring: Promise<IteratorResult<T, void>>[] = [];
  let pending = 0;
  const ask = () => {
    pending++;
    const answer = elements.next().finally(() => pending--);
    // Whoever waits for it comes later.
    answer.catch(() => undefined);
    ring.push(answer);
  };
  try {
    for (let i = 0; i < count; i++) ask();
    for (;;) {
      const next = await (ring.shift() as Promise<IteratorResult<T, void>>);
      if (next.done === true) return;
      ask();
      yield next.value;
    }
  } finally {
    const closed = elements.return();
    // A source that has not given its element yet returns after that, which may be never.
    if (pending > 0) void closed.catch(() => undefined);
    else await closed;
  }
}
