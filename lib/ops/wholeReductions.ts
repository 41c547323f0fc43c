import { wrongShape } from '../base/checks.js';
import { lastOf } from '../base/list.js';
import { type Operand, apply, dtypeFor, typeOf } from '../core/apply.js';
import type { Sym } from '../core/sym.js';
import { axesOf, axisOf } from './axis.js';
import { asSym } from './composed.js';
import { gather } from './gather.js';
import { mergedLast } from './mergedLast.js';
import { orderOf, takenLast } from './ordered.js';
import { lastAxis } from './lastAxis.js';
import { expandDims, squeeze } from './shape.js';
import { cast } from './unary.js';

// Reductions of whole numbers, exact where float32 would round. The engine's reductions are of floats.

/** Whether x has a dtype, and not float32. @internal */
export const isWhole = (x: Operand): boolean => {
  const dtype = dtypeFor([x]);
  return dtype !== undefined && dtype !== 'float32';
};

/** Which axes, and whether they stay with size 1. */
interface Over {
  readonly axis?: number | readonly number[];
  readonly keepDims?: boolean;
}

/** What reduces the last axis to size 1, over any axes. */
function over(who: string, x: Sym, { axis, keepDims }: Over, reduce: (list: Sym) => Sym): Sym {
  const axes = [...axesOf(who, axis, typeOf(x).shape.length)].sort((a, b) => a - b);
  const y = squeeze(reduce(mergedLast(x, axes)), -1);
  return keepDims === true ? axes.reduce((value, at) => expandDims(value, at), y) : y;
}

function refuseNone(who: string, list: Sym): void {
  const { shape } = typeOf(list);
  if (lastOf(shape) === 0) throw wrongShape(who, 'at least one element to reduce', shape);
}

/** The sum over axes, int32; it wraps around. @internal */
export function wholeSum(x: Operand, options: Over): Sym {
  const numbers = cast(asSym(x), 'int32');
  return over('sum', numbers, options, (list) =>
    lastOf(typeOf(list).shape) === 0
      ? cast(apply('sum', [cast(list, 'float32')], { axes: [-1], keepDims: true }), 'int32')
      : gather(apply('cumsum', [list], { axis: -1, reverse: true }), [0], {
          axis: typeOf(list).shape.length - 1,
        }),
  );
}

/** The largest or smallest number over axes, of x's dtype. @internal */
export const wholeExtreme = (who: 'max' | 'min', x: Operand, options: Over): Sym =>
  over(who, asSym(x), options, (list) => {
    refuseNone(who, list);
    return takenLast(list, orderOf(list, { k: 1, descending: who === 'max' }));
  });

/** The place of the first of the largest or smallest numbers along an axis, int32. @internal */
export function wholeArgmax(who: 'argmax' | 'argmin', x: Operand, axis: number, keepDims: boolean): Sym {
  const at = axisOf(who, axis, typeOf(x).shape.length);
  const list = lastAxis(asSym(x), at);
  refuseNone(who, list);
  const indices = lastAxis(orderOf(list, { k: 1, descending: who === 'argmax' }), at, true);
  return keepDims ? indices : squeeze(indices, at);
}
