import type { Operand } from '../../core/apply.js';
import type { Sym } from '../../core/sym.js';
import { asSym } from '../../ops/composed.js';
import * as ops from '../../ops/index.js';
import { toFloat32 } from '../../ops/toFloat32.js';

/** The samples of x in another order. @internal */
export const reordered = (x: Sym, order: Operand): Sym => ops.gather(x, asSym(order));

/**
 * Each sample of x mixed with another one.
 *
 * @param order Which: int32 [n].
 * @param weight The share of the sample itself: float32 [n].
 * @returns float32 of x's shape. @internal
 */
export function mixed(x: Sym, order: Operand, weight: Operand): Sym {
  const numbers = toFloat32(x);
  const own = ops.reshape(asSym(weight), [-1, ...numbers.shape.slice(1).map(() => 1)]);
  const other = ops.multiply(reordered(numbers, order), ops.subtract(1, own));
  return ops.add(ops.multiply(numbers, own), other);
}
