import { expected, mismatch } from './checks.js';

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
  if (index >= 0 && index < list.length) return list[index] as T;
  throw mismatch('itemAt', `an item at ${index}`, `a list of ${list.length}`, 'INTERNAL');
}

/** The first item of a list that the caller knows to have one. @internal */
export const firstOf = <T>(list: ArrayLike<T>): T => itemAt(list, 0);

/** The last item of a list that the caller knows to have one. @internal */
export const lastOf = <T>(list: ArrayLike<T>): T => itemAt(list, list.length - 1);

/** A list of N items at least. @internal */
export type AtLeast<T, N extends number, Items extends readonly T[] = readonly []> = Items['length'] extends N
  ? readonly [...Items, ...T[]]
  : AtLeast<T, N, readonly [...Items, T]>;

/**
 * A list that the caller knows to have so many items at least, to be taken apart: `const [rows, columns] = atLeast(shape, 2)`.
 *
 * @throws EngineError `INTERNAL` where it has fewer.
 * @internal
 */
export function atLeast<T, N extends 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8>(
  list: readonly T[],
  count: N,
): AtLeast<T, N> {
  if (list.length >= count) return list as unknown as AtLeast<T, N>;
  throw expected('atLeast', `a list of ${count} items or more`, list.length, 'INTERNAL');
}

/** As `map` of a list, where the type says how many items it has: `const [a, b] = mapTuple([x, y], (value) => …)`. @internal */
export const mapTuple = <const L extends readonly unknown[], R>(
  list: L,
  one: (item: L[number], index: number) => R,
): { [K in keyof L]: R } => list.map(one) as { [K in keyof L]: R };

/** The item of a list of one, else the list. @internal */
export const oneOrAll = <T>(list: readonly T[]): T | readonly T[] =>
  list.length === 1 ? firstOf(list) : list;

/** How many numbers an array of a shape has: the product of its sizes. @internal */
export function sizeOf(shape: readonly number[]): number {
  let size = 1;
  for (const n of shape) size *= n;
  return size;
}

/** The largest of numbers of 0 or more; 0 where there are none. @internal */
export function highestOf(numbers: Iterable<number>): number {
  let highest = 0;
  for (const n of numbers) highest = Math.max(highest, n);
  return highest;
}

/** The smallest and the largest of the finite numbers; Infinity and -Infinity where there are none. */
export function extentOf(numbers: ArrayLike<number>): [low: number, high: number] {
  let [low, high] = [Infinity, -Infinity];
  for (let n = 0; n < numbers.length; n++) {
    const value = itemAt(numbers, n);
    if (Number.isFinite(value)) [low, high] = [Math.min(low, value), Math.max(high, value)];
  }
  return [low, high];
}
