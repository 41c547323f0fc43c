import { expected } from '../base/checks.js';
import type { DType } from '../engine/engine.js';

const DTYPES: Readonly<Record<string, DType>> = {
  float32: 'float32',
  int32: 'int32',
  uint8: 'uint8',
  bool: 'bool',
};

/**
 * The name of a dtype as this library has it. https://keras.io/api/utils/
 *
 * @param dtype `float32`, `int32`, `uint8` or `bool`. Default `float32`.
 * @throws EngineError `DTYPE` for what is no dtype, or one that there are no tensors of, such as `float64`.
 * @example utils.standardizeDtype(); // 'float32'
 */
export function standardizeDtype(dtype: DType = 'float32'): DType {
  const own =
    typeof (dtype as unknown) === 'string' && Object.hasOwn(DTYPES, dtype) ? DTYPES[dtype] : undefined;
  if (own === undefined)
    throw expected('standardizeDtype', `one of ${Object.keys(DTYPES).join(', ')}`, dtype, 'DTYPE');
  return own;
}
