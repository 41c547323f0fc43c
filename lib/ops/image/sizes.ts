// Sizes of axes: numbers, or float32 [] where they are known only when the step runs.
import type { Operand } from '../../core/apply.js';
import type { Sym } from '../../core/sym.js';
import { add, maximum, multiply } from '../binary.js';
import { lengthAlong } from '../lengthAlong.js';
import { toFloat32 } from '../toFloat32.js';

/** The size of an axis. @internal */
export type Size = number | Sym;

/** The size of x along an axis. @internal */
export function sizeAlong(x: Operand, axis: number): Size {
  const length = lengthAlong(x, axis);
  return typeof length === 'number' ? length : toFloat32(length);
}

/** A size and a number. @internal */
export const plus = (size: Size, n: number): Size => (typeof size === 'number' ? size + n : add(size, n));

/** A size n times. @internal */
export const times = (size: Size, n: number): Size =>
  typeof size === 'number' ? size * n : multiply(size, n);

/** The larger one. @internal */
export const atLeastSize = (size: Size, n: number): Size =>
  typeof size === 'number' ? Math.max(size, n) : maximum(size, n);

/** The middle of an axis, from that of its first pixel. @internal */
export const middleOf = (size: Size): Size => times(plus(size, -1), 0.5);
