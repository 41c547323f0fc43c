import { expected, isPlainObject } from '../../base/checks.js';
import type { NpyArray } from '../../base/npy.js';
import { NDArray } from '../../core/ndarray.js';
import { columnOf } from './table.js';

/** Names of files or of arrays in one, in the structure of the elements. */
export type Names = string | readonly string[] | Readonly<Record<string, string>>;

/** What a function gives for each name, in the structure of the names. @throws EngineError `ARGUMENT` for what are no names. */
export function eachName<T>(
  who: string,
  names: Names,
  get: (name: string) => T,
): T | T[] | Record<string, T> {
  if (typeof names === 'string') return get(names);
  const list: readonly unknown[] = Array.isArray(names)
    ? names
    : isPlainObject(names)
      ? Object.values(names)
      : [];
  if (list.length === 0 || !list.every((name) => typeof name === 'string'))
    throw expected(who, 'a name, or a list or record of names', names);
  const values = list.map((name) => get(name));
  if (Array.isArray(names)) return values;
  return Object.fromEntries(Object.keys(names).map((name, i) => [name, values[i] as T]));
}

/** The same with promises. */
export async function eachNameAsync<T>(
  who: string,
  names: Names,
  get: (name: string) => Promise<T>,
): Promise<unknown> {
  const found = eachName(who, names, get);
  if (found instanceof Promise) return found;
  if (Array.isArray(found)) return Promise.all(found);
  const values = await Promise.all(Object.values(found));
  return Object.fromEntries(Object.keys(found).map((name, i) => [name, values[i]]));
}

/** An array of a file of NumPy as elements take it. @throws EngineError `IO` for integers that 32 bits do not hold. */
export function arrayOfNpy(who: string, place: string, { data, shape, isBool }: NpyArray): NDArray {
  if (isBool) return new NDArray(data as Uint8Array, shape, 'bool');
  return columnOf(who, place, data, shape) as NDArray;
}
