import { sizeOf } from '../base/list.js';
import { type TensorData, Tensor, allocate, read, tensor } from '../core/tensor.js';
import { NDArray, type NDArrayType } from '../core/ndarray.js';
import { nextSeed, withSeed } from '../core/seed.js';
import { expected } from '../base/checks.js';
import type { ArrayData } from '../data/batches.js';
import { gather } from '../ops/gather.js';

/** Numbers in plain memory, with the samples first. */
export function arrayOf(who: string, data: TensorData): NDArray {
  if (data instanceof NDArray && data.shape.length > 0) return data;
  const { data: numbers, shape, dtype } = read(data);
  if (shape.length === 0) throw expected(who, 'an array of samples', data);
  // One by one: an array whose memory was given away has no numbers, but its methods throw.
  const copy = allocate(who, dtype, numbers.length).map((_, i) => numbers[i]!);
  return new NDArray(copy, shape, dtype satisfies NDArrayType);
}

/** Samples that {@link takeRows} takes from: a tensor as it is, else numbers in plain memory. */
export const samplesOf = (who: string, data: ArrayData): Tensor | NDArray =>
  data instanceof Tensor ? data : arrayOf(who, data);

/** The samples of these numbers, in this order: a tensor of a tensor, else an array in plain memory. */
export function takeRows<T extends Tensor | NDArray>(who: string, data: T, rows: Int32Array): T;
export function takeRows(who: string, data: Tensor | NDArray, rows: Int32Array): Tensor | NDArray {
  if (data instanceof Tensor) return gather(data, tensor(rows));
  const { data: numbers, shape, dtype } = data;
  const size = sizeOf(shape.slice(1));
  const taken = allocate(who, dtype, rows.length * size);
  rows.forEach((row, i) => {
    taken.set(numbers.subarray(row * size, (row + 1) * size), i * size);
  });
  return new NDArray(taken, [rows.length, ...shape.slice(1)], dtype);
}

/** Shuffles a list in place (Fisher and Yates), in an order that the seed decides. */
export function shuffle(list: Int32Array, seed: number = nextSeed()): Int32Array {
  withSeed(seed, () => {
    for (let i = list.length - 1; i > 0; i--) {
      const j = Math.floor((nextSeed() / 2 ** 31) * (i + 1));
      const [a, b] = [list.at(i) ?? 0, list.at(j) ?? 0];
      list[i] = b;
      list[j] = a;
    }
  });
  return list;
}
