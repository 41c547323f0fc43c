import { expected } from '../base/checks.js';
import type { DType } from '../engine/engine.js';
import { type Operand, type Outcome, apply, indexOperand, typeOf } from '../core/apply.js';
import { op } from '../core/op.js';
import type { Sym } from '../core/sym.js';
import { add, equal, greater, logicalOr, maximum, minimum, multiply, subtract, where } from './binary.js';
import { type Binary, asSym, binaryOp, outcomeOf } from './composed.js';
import { floorDivide, leftShift } from './integers.js';
import { isnan } from './logic.js';
import { toFloat32 } from './toFloat32.js';
import { cast, stopGradient } from './unary.js';

/**
 * The bytes of x as numbers of another dtype, without a gradient. With a dtype of another size the last axis becomes longer or shorter.
 * https://keras.io/api/ops/numpy/
 *
 * @param x Any dtype; bool alone may be seen as bool.
 * @param dtype Default x's.
 * @throws EngineError `DTYPE` for a view as bool; `SHAPE` for a last axis whose bytes do not fit.
 * @example ops.view([1], 'int32'); // [1065353216]
 */
export const view = op('view', <T extends Operand>(x: T, dtype?: DType): Outcome<T> =>
  apply('view', [x], { dtype: dtype ?? typeOf(x).dtype }),
);

const bitsOf = (x: Sym, dtype: DType): Sym => apply('view', [x], { dtype });

/** The smallest float32 above 0. */
const TINY = 2 ** -149;

/**
 * The float32 next to x1 on the way to x2; x2 where they are equal. No gradient. Broadcasts. https://keras.io/api/ops/numpy/
 *
 * @throws EngineError `SHAPE` where shapes do not meet.
 */
export const nextafter: Binary = binaryOp('nextafter', (x1, x2) => {
  const [from, to] = [stopGradient(toFloat32(x1)), stopGradient(toFloat32(x2))];
  const up = greater(to, from);
  // The bits of floats of one sign are in the order of their sizes.
  const larger = cast(where(equal(greater(from, 0), up), 1, -1), 'int32');
  const neighbour = bitsOf(add(bitsOf(from, 'int32'), larger), 'float32');
  const moved = where(equal(from, 0), where(up, TINY, -TINY), neighbour);
  const known = where(equal(from, to), to, moved);
  return where(logicalOr(isnan(from), isnan(to)), NaN, known);
});

/** 2 to the power of a whole number from −126 to 127, exactly. */
const powerOfTwo = (n: Sym): Sym => bitsOf(leftShift(add(n, 127), 23), 'float32');

/**
 * x1 · 2^x2, float32; broadcasts. https://keras.io/api/ops/numpy/
 *
 * @param x2 Whole numbers.
 * @throws EngineError `DTYPE` for an x2 of floats; `SHAPE` where shapes do not meet.
 * @example ops.ldexp([0.75, 1.5], [1, 2]); // [1.5, 6]
 */
export const ldexp = op('ldexp', <A extends Operand, B extends Operand>(x1: A, x2: B): Outcome<A | B> => {
  const given = asSym(indexOperand(x2));
  const { dtype } = typeOf(given);
  if (dtype === 'float32') throw expected('ldexp', 'whole numbers as x2', dtype, 'DTYPE');
  // From the least to the largest float32 it is 2 to the power of 277; a third of that is a float32, too.
  const n = minimum(maximum(cast(given, 'int32'), -3 * 126), 3 * 126);
  const first = floorDivide(n, 3);
  const second = floorDivide(subtract(n, first), 2);
  return outcomeOf(
    [first, second, subtract(subtract(n, first), second)].reduce(
      (y, part) => multiply(y, powerOfTwo(part)),
      toFloat32(asSym(x1)),
    ),
  );
});
