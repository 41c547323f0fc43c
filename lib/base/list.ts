import { EngineError } from './errors.js';

/** One or several, as a list. @internal */
export const listOf = <T>(given: T | readonly T[]): readonly T[] =>
  Array.isArray(given) ? (given as readonly T[]) : [given as T];

/**
 * The item at an index that the caller knows to be in the list.
 *
 * @throws EngineError `INTERNAL` where it is not.
 * @internal
 */
export function itemAt<T>(list: ArrayLike<T>, index: number): T {
  if (index >= 0 && index < list.length) return Reflect.get<ArrayLike<T>, number>(list, index);
  throw new EngineError(
    'INTERNAL',
    `[itemAt] expected an item at ${index}, received a list of ${list.length}`,
  );
}

/** The first item of a list that the caller knows to have one. @internal */
export const firstOf = <T>(list: ArrayLike<T>): T => itemAt(list, 0);
