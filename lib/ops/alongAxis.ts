import { wrongShape } from '../base/checks.js';
import { itemAt } from '../base/list.js';
import { type Operand, indexOperand, typeOf } from '../core/apply.js';
import type { Sym } from '../core/sym.js';
import { axisOf } from './axis.js';
import { add, less, where } from './binary.js';
import { asSym } from './composed.js';
import { gather } from './gather.js';
import { lastAxis } from './lastAxis.js';
import { lengthAlong } from './lengthAlong.js';
import { broadcastTo } from './shape.js';

/** Indices with those below 0 counted from the end. @internal */
export function counted(indices: Operand, size: number | Sym): Sym {
  const list = asSym(indexOperand(indices));
  if (typeOf(list).dtype !== 'int32') return list;
  return where(less(list, 0), add(list, size), list);
}

/** The numbers of x at indices of its rank along an axis; others broadcast. @internal */
export function alongAxis(who: string, x: Sym, indices: Sym, axis: number): Sym {
  const [from, at] = [typeOf(x).shape, typeOf(indices).shape];
  const rank = from.length;
  if (at.length !== rank) throw wrongShape(who, `indices of rank ${rank}`, at);
  const along = axisOf(who, axis, rank);
  const joint = from.map((n, i) => (n === 1 ? itemAt(at, i) : n));
  const fitted = (value: Sym, own: readonly number[]): Sym => {
    const same = own.every((n, i) => i === along || n === joint[i]);
    const sizes = joint.map((n, i) => (i === along ? itemAt(own, i) : n));
    return lastAxis(same ? value : broadcastTo(value, sizes), along);
  };
  const fittedIndices = fitted(counted(indices, lengthAlong(x, along)), at);
  const y = gather(fitted(x, from), fittedIndices, { axis: rank - 1, batchDims: rank - 1 });
  return lastAxis(y, along, true);
}
