import { type Operand, type Outcome, typeOf } from '../core/apply.js';
import { stridedSlice } from './slice.js';

/** The part of x from one place up to another along an axis, every step-th; the others whole. Places are as those of slices in Python. @internal */
export function partOf<T extends Operand>(
  x: T,
  axis: number,
  from: number,
  to: number,
  step = 1,
): Outcome<T> {
  const axes = [...typeOf(x).shape.keys()];
  const at = (place: number, other: number) => axes.map((i) => (i === axis ? place : other));
  return stridedSlice(x, at(from, 0), at(to, Infinity), at(step, 1));
}
