import { wrongShape } from '../base/checks.js';
import { itemAt } from '../base/list.js';
import type { Sym } from '../core/sym.js';
import { multiply } from './binary.js';
import { onesLike, zerosLike } from './creation.js';
import { type DropoutOptions, dropout } from './random.js';
import { stridedSlice } from './slice.js';

/**
 * A value of a mask's shape: x, or a part of it.
 *
 * @param who For messages.
 * @param noiseShape 1, null or x's size for each axis; undefined: x's shape.
 * @internal
 */
export function maskOf(who: string, x: Sym, noiseShape: readonly (number | null)[] | undefined): Sym {
  if (noiseShape === undefined) return x;
  const fits = (n: number | null, axis: number) =>
    n === null || n === 1 || itemAt(x.shape, axis) < 0 || n === x.shape[axis];
  if (noiseShape.length !== x.rank || !noiseShape.every(fits)) {
    const wanted = `an input that noiseShape [${noiseShape.map(String).join(', ')}] fits, with 1, null or its size for each axis`;
    throw wrongShape(who, wanted, x.shape);
  }
  return stridedSlice(
    x,
    noiseShape.map(() => 0),
    noiseShape.map((n) => n ?? Infinity),
  );
}

/**
 * x with numbers dropped, those together that one number of the mask's shape stands for; with a rate of 1 zeros.
 *
 * @param mask What {@link maskOf} gave.
 * @internal
 */
export function dropped(x: Sym, mask: Sym, options: DropoutOptions): Sym {
  if (options.rate === 1) return zerosLike(x);
  return mask === x ? dropout(x, options) : multiply(x, dropout(onesLike(mask), options));
}
