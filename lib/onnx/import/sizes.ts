// Sizes that are known only when the network runs. What is computed of them is computed twice, for two sets of sizes: where the results
// are the same they do not depend on these.
import { tensor } from '../../core/tensor.js';
import { asSym } from '../../ops/composed.js';
import { TensorValue } from './values.js';

/** For each axis a size that is taken for one that is not known: prime numbers, which no network has. */
export const SIZES: readonly number[] = [7919, 7927, 7933, 7937, 7949, 7951, 7963, 7993];
/** The sizes of the second set. */
export const OTHER_SIZES: readonly number[] = [8009, 8011, 8017, 8039, 8053, 8059, 8069, 8081];

/** The sizes of a shape from one axis up to another, as a value. */
export function sizesValue(
  shape: readonly number[],
  start: number,
  end: number,
  as: readonly number[] = [end - start],
): TensorValue {
  const of = (markers: readonly number[]) =>
    asSym(tensor(Int32Array.from(shape, (n, i) => (n < 0 ? (markers[i] ?? 0) : n)).slice(start, end), as));
  const known = !shape.slice(start, end).includes(-1);
  return new TensorValue(of(SIZES), 'INT64', known ? undefined : of(OTHER_SIZES));
}
