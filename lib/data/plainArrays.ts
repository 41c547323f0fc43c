import { expected } from '../base/checks.js';
import { Tensor, type TensorData, read } from '../core/tensor.js';
import type { Shape } from '../engine/engine.js';
import { type ArrayData, type Batches, isBatches } from './batches.js';

/** Numbers in plain memory, row-major. */
export interface PlainArray {
  readonly data: ArrayLike<number>;
  readonly shape: Shape;
}

/**
 * Data as arrays in plain memory: one array as it is, of batches the inputs, one after the other.
 *
 * @param data One array, or batches as `fit` takes them, `[x]` or `[x, y]`; a batch may also be one tensor or NDArray.
 * @throws EngineError `ARGUMENT` for batches of several inputs, `DTYPE` or `SHAPE` for what is no array.
 * @internal
 */
export async function* plainArrays(who: string, data: ArrayData | Batches): AsyncGenerator<PlainArray> {
  if (!isBatches(data)) {
    yield plainArray(data);
    return;
  }
  for await (const batch of data as AsyncIterable<unknown>) {
    const x: unknown = Array.isArray(batch) ? batch[0] : batch;
    if (typeof x !== 'object' || x === null)
      throw expected(who, 'batches [x] or [x, y], or of one tensor or NDArray each', batch);
    yield await plainArray(x as ArrayData);
  }
}

/** One array in plain memory, read without blocking the event loop. @internal */
export async function plainArray(x: ArrayData): Promise<PlainArray> {
  return x instanceof Tensor ? { data: await x.data(), shape: x.shape } : read(x satisfies TensorData);
}
