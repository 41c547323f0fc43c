import { apply, typeOf } from '../core/apply.js';
import type { Sym } from '../core/sym.js';
import { tensor } from '../core/tensor.js';

/**
 * The sums of the rows of values at each index: the transpose of taking rows.
 *
 * @param values float32 [n, …].
 * @param indices int32 [n], from 0 up to, not including, `rows`.
 * @param rows How many there are, or float32 [rows, …], of which only the shape is read.
 * @returns float32 [rows, …].
 * @internal
 */
export function rowSums(values: Sym, indices: Sym, rows: number | Sym): Sym {
  const row = typeOf(values).shape.slice(1);
  // The last operand is there for its shape alone.
  const like = typeof rows === 'number' ? apply('broadcastTo', [tensor(0)], { shape: [rows, ...row] }) : rows;
  return apply('gatherBackward', [values, indices, like], { axis: 0, batchDims: 0 }, 'float32');
}
