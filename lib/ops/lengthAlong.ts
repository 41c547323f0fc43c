import { itemAt } from '../base/list.js';
import { type Operand, apply, typeOf } from '../core/apply.js';
import { Sym } from '../core/sym.js';
import { sum } from './reduce.js';
import { cast } from './unary.js';

/** A value of which only the shape is read: that of x along one axis. @internal */
export const alongOnly = (x: Sym, axis: number): Sym =>
  x.rank === 1 ? x : sum(x, { axis: [...x.shape.keys()].filter((i) => i !== axis) });

/** As many ones, float32, as x has places along an axis. @internal */
export const onesAlong = (x: Sym, axis: number): Sym =>
  apply('broadcastLike', [x.trace.constant(1), alongOnly(x, axis)]);

/** The size along an axis: a number, or an int32 scalar where it is known only when the step runs, exact up to 2²⁴. @internal */
export function lengthAlong(x: Operand, axis: number): number | Sym {
  const size = itemAt(typeOf(x).shape, axis);
  if (size >= 0 || !(x instanceof Sym)) return size;
  return cast(sum(onesAlong(x, axis)), 'int32');
}
