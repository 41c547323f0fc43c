import { type Elements, type Stage, without } from './stage.js';

/** The elements that a function wants. */
export function filter<T>(
  source: Stage<T>,
  wants: (element: T, index: number) => boolean | PromiseLike<boolean>,
): Stage<T> {
  async function* wanted(pass: number): Elements<T> {
    let index = 0;
    for await (const element of source.open(pass, 0)) if (await wants(element, index++)) yield element;
  }
  return {
    sources: [source],
    // A pass that has no elements has none that are wanted.
    size: () => (source.size() === 0 ? 0 : undefined),
    open: (pass, from) => without(wanted(pass), from),
  };
}
