import { itemAt, sizeOf } from '../base/list.js';
import { typeOf } from '../core/apply.js';
import type { Sym } from '../core/sym.js';
import { resized } from './resized.js';
import { transpose } from './shape.js';

/** x with the axes merged into one, in the last place. @internal */
export function mergedLast(x: Sym, axes: readonly number[]): Sym {
  const others = [...typeOf(x).shape.keys()].filter((axis) => !axes.includes(axis));
  const y = transpose(x, [...others, ...axes]);
  if (axes.length === 1) return y;
  const sizes = axes.map((axis) => itemAt(typeOf(x).shape, axis));
  const merged = sizes.some((n) => n < 0) ? -1 : sizeOf(sizes);
  return resized(y, [...others.map((_, axis) => ({ axis })), merged]);
}
