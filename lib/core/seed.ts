import { seedOf } from '../base/checks.js';

// A linear congruential walk (Numerical Recipes) from the seed: each draw is the seed of something else.
let state: number | undefined;
let chosen: number | undefined;
const listeners: ((seed: number) => void)[] = [];

/**
 * Makes all that follows repeatable: weights, shuffles and dropout masks of models that have no seed of their own. As
 * `utils.setRandomSeed` too, its name in Keras.
 *
 * @param seed An integer.
 * @example setSeed(1);
 */
export function setSeed(seed: number): void {
  state = chosen = seedOf('setSeed', seed) >>> 0;
  for (const listener of listeners) listener(seed);
}

/** What {@link setSeed} was called with last, else a random seed; and who is to hear of the next call. @internal */
export function followSeed(listener: (seed: number) => void): number {
  listeners.push(listener);
  return chosen ?? Math.floor(Math.random() * 2 ** 31);
}

/** A seed for the next object that has none: decided by {@link setSeed}, else random. @internal */
export function nextSeed(): number {
  if (state === undefined) return Math.floor(Math.random() * 2 ** 31);
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state >>> 1;
}

/** Runs a body in which {@link nextSeed} starts from another seed. @internal */
export function withSeed<T>(seed: number | undefined, body: () => T): T {
  if (seed === undefined) return body();
  const outer = state;
  state = seedOf('Sequential', seed) >>> 0;
  try {
    return body();
  } finally {
    state = outer;
  }
}
