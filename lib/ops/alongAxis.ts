import { wrongShape } from '../base/checks.js';
import { itemAt } from '../base/list.js';
import { type Operand, indexOperand, typeOf } from '../core/apply.js';
import type { Sym } from '../core/sym.js';
import { axisOf } from './axis.js';
import { add, less, where } from './binary.js';
import { asSym } from './composed.js';
import { gather } from './gather.js';
import { broadcastTo, transpose } from './shape.js';

/** Indices with those below 0 counted from the end; a size that is not known leaves them as they are. @internal */
export function counted(indices: Operand, size: number): Sym {
  const list = asSym(indexOperand(indices));
  if (typeOf(list).dtype !== 'int32' || size < 0) return list;
  return where(less(list, 0), add(list, size), list);
}

/** x with an axis in the last place; or with `back` the last one where that was. @internal */
export function lastAxis(x: Sym, axis: number, back = false): Sym {
  const rank = typeOf(x).shape.length;
  if (axis === rank - 1) return x;
  const others = Array.from({ length: rank - 1 }, (_, i) => (back || i < axis ? i : i + 1));
  return transpose(x, back ? [...others.slice(0, axis), rank - 1, ...others.slice(axis)] : [...others, axis]);
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
  const fittedIndices = fitted(counted(indices, itemAt(from, along)), at);
  const y = gather(fitted(x, from), fittedIndices, { axis: rank - 1, batchDims: rank - 1 });
  return lastAxis(y, along, true);
}
