import { apply, typeOf } from '../core/apply.js';
import type { Sym } from '../core/sym.js';
import { gather } from './gather.js';

/** The places of the numbers along the last axis in their order: the first `k`, by default all. NaN counts as larger than all numbers. @internal */
export const orderOf = (x: Sym, { k = -1, descending = false } = {}): Sym =>
  apply('argsort', [x], { k, descending });

/** The numbers of x at places of its rank along the last axis. @internal */
export function takenLast(x: Sym, places: Sym): Sym {
  const axis = typeOf(x).shape.length - 1;
  return gather(x, places, { axis, batchDims: axis });
}
