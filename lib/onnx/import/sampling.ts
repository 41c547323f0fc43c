// Images read between their pixels.
import type { Sym } from '../../core/sym.js';
import * as ops from '../../ops/index.js';

/** Pixels along one axis, as whole numbers in float32, and what they count; undefined: 1. */
export interface Tap {
  readonly at: Sym;
  readonly weight: Sym | undefined;
}

/** The pixels along one axis that make up the number at a coordinate. */
export function taps(place: Sym, mode: string): Tap[] {
  if (mode === 'nearest') return [{ at: ops.round(place), weight: undefined }];
  const low = ops.floor(place);
  const part = ops.subtract(place, low);
  if (mode !== 'cubic')
    return [
      { at: low, weight: ops.subtract(1, part) },
      { at: ops.add(low, 1), weight: part },
    ];
  const a = -0.75;
  const near = (x: Sym) =>
    ops.add(ops.multiply(ops.multiply(ops.subtract(ops.multiply(x, a + 2), a + 3), x), x), 1);
  const far = (x: Sym) => {
    const inner = ops.add(ops.multiply(ops.subtract(ops.multiply(x, a), 5 * a), x), 8 * a);
    return ops.subtract(ops.multiply(inner, x), 4 * a);
  };
  return [
    { at: ops.subtract(low, 1), weight: far(ops.add(part, 1)) },
    { at: low, weight: near(part) },
    { at: ops.add(low, 1), weight: near(ops.subtract(1, part)) },
    { at: ops.add(low, 2), weight: far(ops.subtract(2, part)) },
  ];
}

/**
 * The sums of the pixels around points, as they count.
 *
 * @param x [n, pixels, channels], the pixels row-major.
 * @param sides What the pixels are made of.
 * @param along For each axis the taps of each point, [n, points] each.
 * @param isZeroOutside Whether taps outside of the image are zeros; else they are the nearest pixels.
 * @returns [n, points, channels].
 */
export function readBetween(
  x: Sym,
  sides: readonly number[],
  along: readonly (readonly Tap[])[],
  isZeroOutside: boolean,
): Sym {
  let sum: Sym | undefined;
  const visit = (axis: number, place: Sym | undefined, weight: Sym | undefined): void => {
    if (axis === sides.length) {
      const taken = ops.gather(x, place as Sym, { axis: 1, batchDims: 1 });
      const part = weight ? ops.multiply(taken, ops.expandDims(weight, -1)) : taken;
      sum = sum ? ops.add(sum, part) : part;
      return;
    }
    const size = sides[axis] ?? 1;
    for (const { at, weight: own } of along[axis] ?? []) {
      const inside = ops.cast(
        ops.logicalAnd(ops.greaterEqual(at, 0), ops.lessEqual(at, size - 1)),
        'float32',
      );
      const counted = isZeroOutside ? (own ? ops.multiply(own, inside) : inside) : own;
      const whole = ops.cast(ops.clip(at, 0, size - 1), 'int32');
      const next = place ? ops.add(ops.multiply(place, size), whole) : whole;
      visit(axis + 1, next, weight && counted ? ops.multiply(weight, counted) : (weight ?? counted));
    }
  };
  visit(0, undefined, undefined);
  return sum as Sym;
}
