import { shapeOf, wrongShape } from '../base/checks.js';
import { sizeOf } from '../base/list.js';
import type { Shape } from '../engine/engine.js';
import { type Operand, type Outcome, indexOperand, promote, typeOf } from '../core/apply.js';
import { op } from '../core/op.js';
import type { Sym } from '../core/sym.js';
import { add, less, logicalAnd, multiply, notEqual, subtract, where } from './binary.js';
import { type Binary, type Unary, asSym, binaryOp, outcomeOf, unaryOp } from './composed.js';
import { counted } from './alongAxis.js';
import { abs, cast } from './unary.js';

/** An engine's op of two operands, of whole numbers as whole numbers. */
const binary = (name: string): Binary =>
  op(name, <A extends Operand, B extends Operand>(x1: A, x2: B): Outcome<A | B> =>
    promote<A | B>(name, [x1, x2], {}, { least: 'int32' }),
  );

/** What is left of x1 after division by x2, of x1's sign; of whole numbers 0 where x2 is 0. Broadcasts. https://keras.io/api/ops/numpy/ */
export const fmod: Binary = binary('fmod');

/** The largest whole number not above x1 / x2; of whole numbers as such, and 0 where x2 is 0. Gradient 0. Broadcasts. https://keras.io/api/ops/numpy/ */
export const floorDivide: Binary = binary('floorDivide');

/** What is left of x1 after division by x2, of x2's sign, as Python's %; of whole numbers 0 where x2 is 0. Broadcasts. https://keras.io/api/ops/numpy/ */
export const mod: Binary = binaryOp('mod', (x1, x2) => {
  const rest = asSym(fmod(x1, x2));
  const other = logicalAnd(notEqual(rest, 0), notEqual(less(rest, 0), less(x2, 0)));
  return where(other, add(rest, x2), rest);
});

/** The bits that both have; int32, of uint8 and bool too. Broadcasts. https://keras.io/api/ops/numpy/ */
export const bitwiseAnd: Binary = binary('bitwiseAnd');
/** The bits that one or both have; int32, of uint8 and bool too. Broadcasts. https://keras.io/api/ops/numpy/ */
export const bitwiseOr: Binary = binary('bitwiseOr');
/** The bits that exactly one has; int32, of uint8 and bool too. Broadcasts. https://keras.io/api/ops/numpy/ */
export const bitwiseXor: Binary = binary('bitwiseXor');
/** The bits moved up by x2 places: x1 · 2^x2 without what int32 does not hold. Also as `ops.bitwiseLeftShift`. https://keras.io/api/ops/numpy/ */
export const leftShift: Binary = binary('leftShift');
/** The bits moved down by x2 places: ⌊x1 / 2^x2⌋. Also as `ops.bitwiseRightShift`. https://keras.io/api/ops/numpy/ */
export const rightShift: Binary = binary('rightShift');

/** The greatest number that divides both, 0 or more; int32, of uint8 and bool too. Broadcasts. https://keras.io/api/ops/numpy/ @throws EngineError `DTYPE` for floats. */
export const gcd: Binary = binary('gcd');

/** The least number that both divide, 0 or more; 0 where one is 0. int32. Broadcasts. https://keras.io/api/ops/numpy/ @throws EngineError `DTYPE` for floats. */
export const lcm: Binary = binaryOp('lcm', (x1, x2) => {
  const [a, b] = [wholeNumbers(x1), wholeNumbers(x2)];
  return multiply(floorDivide(abs(a), gcd(a, b)), abs(b));
});

/** As int32; floats stay as they are, and are refused. */
function wholeNumbers(x: Operand): Sym {
  const given = asSym(indexOperand(x));
  return typeOf(given).dtype === 'float32' ? given : cast(given, 'int32');
}

/** All bits turned: −x − 1; int32, of uint8 and bool too. Also as `ops.bitwiseInvert`. https://keras.io/api/ops/numpy/ */
export const bitwiseNot: Unary = unaryOp('bitwiseNot', (x) => subtract(-1, cast(x, 'int32')));

/**
 * Places in the list of all numbers as places on the axes of a shape. https://keras.io/api/ops/numpy/
 *
 * @param indices int32 or uint8; negative ones count from the end.
 * @param shape Of the value that the places are in.
 * @returns int32 of the indices' shape, one for each axis.
 * @example ops.unravelIndex([5, 0], [2, 3]); // [1, 0] and [2, 0]
 */
export const unravelIndex = op(
  'unravelIndex',
  <I extends Operand>(indices: I, shape: Shape): Outcome<I>[] => {
    const sizes = shapeOf('unravelIndex', shape);
    if (sizes.includes(0)) throw wrongShape('unravelIndex', 'a shape with elements', sizes);
    const flat = counted(cast(asSym(indexOperand(indices)), 'int32'), sizeOf(sizes));
    return sizes.map((size, axis) => outcomeOf(mod(floorDivide(flat, sizeOf(sizes.slice(axis + 1))), size)));
  },
);
