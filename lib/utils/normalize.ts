import { expected, integers } from '../base/checks.js';
import { highestOf, sizeOf } from '../base/list.js';
import { NDArray } from '../core/ndarray.js';
import { type TensorData, read } from '../core/tensor.js';

/**
 * An array divided by its norms along an axis; where a norm is 0, as it is. https://keras.io/api/utils/python_utils/
 *
 * @param x Numbers of any shape but a scalar's.
 * @param axis The axis along which a norm is taken; negative ones count from the end. Default -1.
 * @param order Of the norm: (Σ|x|^order)^(1/order), a positive number; Infinity takes the largest |x|. Default 2.
 * @returns float32 of x's shape.
 * @throws EngineError `ARGUMENT` for an order that is no positive number; `SHAPE` for an axis that x does not have.
 * @example utils.normalize([[3, 4], [0, 0]]); // [[0.6, 0.8], [0, 0]]
 */
export function normalize(x: TensorData, axis = -1, order = 2): NDArray {
  if (typeof order !== 'number' || !(order > 0)) throw expected('normalize', 'a positive order', order);
  const { data, shape } = read(x);
  const [given = -1] = integers('normalize', 'axis', axis);
  const at = given < 0 ? given + shape.length : given;
  const size = shape[at];
  if (size === undefined) throw expected('normalize', `an axis of [${shape.join(', ')}]`, axis, 'SHAPE');
  const inner = sizeOf(shape.slice(at + 1));
  const result = Float32Array.from(data);
  for (let first = 0; first < result.length; first++) {
    // Each line along the axis starts where the place on the axis is 0.
    if (Math.floor(first / inner) % size !== 0) continue;
    const line = Array.from({ length: size }, (_, i) => first + i * inner);
    const norm = normOf(
      line.map((i) => Math.abs(data[i] ?? 0)),
      order,
    );
    if (norm !== 0) for (const i of line) result[i] = (data[i] ?? 0) / norm;
  }
  return new NDArray(result, shape);
}

/** Divided by the largest number first, so that no power overflows. */
function normOf(sizes: readonly number[], order: number): number {
  const largest = highestOf(sizes);
  if (largest === 0 || order === Infinity) return largest;
  return largest * sizes.reduce((sum, n) => sum + (n / largest) ** order, 0) ** (1 / order);
}
