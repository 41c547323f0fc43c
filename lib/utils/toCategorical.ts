import { expected, integer } from '../base/checks.js';
import { highestOf } from '../base/list.js';
import { NDArray } from '../core/ndarray.js';
import { type TensorData, read } from '../core/tensor.js';

/**
 * Class numbers as rows with a 1 at the class and 0 elsewhere, as categoricalCrossentropy takes them.
 * https://keras.io/api/utils/python_utils/
 *
 * @param classes Integers from 0 on, of any shape; a last axis of size 1 is left out, as in Keras. For tensors there is `ops.oneHot`.
 * @param numClasses How many columns a row has. Default: the largest class number and 1 more.
 * @returns float32 [...shape, numClasses].
 * @throws EngineError `ARGUMENT` for what is no class number below numClasses, and where there is none to tell numClasses.
 * @example utils.toCategorical([0, 2]); // [[1, 0, 0], [0, 0, 1]]
 */
export function toCategorical(classes: TensorData, numClasses?: number): NDArray {
  const { data, shape } = read(classes);
  const numbers = Array.from(data);
  const wrong = numbers.find((n) => !Number.isSafeInteger(n) || n < 0);
  if (wrong !== undefined) throw expected('toCategorical', 'class numbers of 0 or more', wrong);
  if (numClasses === undefined && numbers.length === 0)
    throw expected('toCategorical', 'numClasses where there are no classes', numClasses);
  const columns = integer('toCategorical', 'numClasses', numClasses ?? highestOf(numbers) + 1);
  const rows = new Float32Array(numbers.length * columns);
  numbers.forEach((n, i) => {
    if (n >= columns) throw expected('toCategorical', `class numbers below ${columns}`, n);
    rows[i * columns + n] = 1;
  });
  const outer = shape.length > 1 && shape.at(-1) === 1 ? shape.slice(0, -1) : shape;
  return new NDArray(rows, [...outer, columns]);
}
