import { type OptionNames, integer, knownOptions } from '../base/checks.js';
import type { DType } from '../engine/engine.js';
import { type Tensor, allocate, tensor } from '../core/tensor.js';

/** What `ops.identity` takes. */
export interface IdentityOptions {
  /** Default `float32`. */
  dtype?: DType;
}

const identityNames = { dtype: 'optional' } satisfies OptionNames<IdentityOptions>;

/**
 * The identity matrix [n, n]: ones on its diagonal, else zeros. https://keras.io/api/ops/numpy/
 *
 * @param n 0 or more.
 */
export function identity(n: number, options: IdentityOptions = {}): Tensor {
  knownOptions('identity', options, identityNames);
  integer('identity', 'n', n, 0);
  const numbers = allocate('identity', 'uint8', n * n);
  for (let i = 0; i < n; i++) numbers[i * n + i] = 1;
  return tensor(numbers, [n, n], options.dtype ?? 'float32');
}
