import { expected, mismatch } from './checks.js';
import { type EngineError, describe, nearest } from './errors.js';
import { kerasFamily } from './kerasNames.js';
import { sameName } from './names.js';

/**
 * What a name stands for in a table.
 *
 * @param others Names that may have been meant, too.
 * @throws EngineError `ARGUMENT` that tells the nearest known name, or that it is one of Keras and what to do instead.
 */
export function choose<T>(
  what: string,
  name: string,
  table: Readonly<Record<string, T>>,
  others: readonly string[] = [],
): T {
  const entry =
    typeof name === 'string' ? Object.entries(table).find(([known]) => sameName(known, name)) : undefined;
  if (entry) return entry[1];
  const names = Object.keys(table);
  throw unknownName(what, what, `one of ${names.join(', ')}`, name, [...names, ...others]);
}

/**
 * The error of a name that is not known.
 *
 * @param who What complains.
 * @param family What Keras's names are looked up for, such as `loss`.
 * @param wanted What was expected.
 */
export function unknownName(
  who: string,
  family: string,
  wanted: string,
  name: string,
  known: readonly string[],
): EngineError {
  if (typeof name !== 'string') return expected(who, wanted, name);
  const keras = kerasFamily(family);
  if (keras?.names.split(' ').some((other) => sameName(other, name))) {
    const instead = `that is a name of Keras which is not here; ${keras.instead}`;
    return mismatch(who, wanted, `${describe(name)}: ${instead}`);
  }
  return expected(who, wanted, name, 'ARGUMENT', nearest(name, known));
}
