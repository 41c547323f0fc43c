import { type Operand, type Outcome, apply, applyFloat, promote } from './apply.js';

type Binary = <A extends Operand, B extends Operand>(a: A, b: B) => Outcome<A | B>;

const binary =
  (op: string): Binary =>
  (a, b) =>
    promote(op, [a, b]);

// All of them broadcast as numpy does, and throw EngineError SHAPE where shapes do not meet. Operands of two dtypes meet in
// the wider one (bool < uint8 < int32 < float32), as in Keras; DTYPE where the op does not compute that.

/** a + b. float32 or int32. */
export const add: Binary = binary('add');
/** a − b. float32 or int32. */
export const sub: Binary = binary('sub');
/** a · b. float32 or int32. */
export const mul: Binary = binary('mul');
/** a / b. float32, of whole numbers too. */
export const div: Binary = (a, b) => applyFloat('div', [a, b]);
/** a to the power of b. float32. */
export const pow: Binary = binary('pow');
/** The larger of the two; at ties each gets half of the gradient. float32 or int32. */
export const maximum: Binary = binary('maximum');
/** The smaller of the two; at ties each gets half of the gradient. float32 or int32. */
export const minimum: Binary = binary('minimum');

/** a = b, as bool; so the next five. No gradient. */
export const equal: Binary = binary('equal');
export const notEqual: Binary = binary('notEqual');
export const less: Binary = binary('less');
export const lessEqual: Binary = binary('lessEqual');
export const greater: Binary = binary('greater');
export const greaterEqual: Binary = binary('greaterEqual');

/** Both. bool. */
export const logicalAnd: Binary = (a, b) => apply('logicalAnd', [a, b]);
/** Either. bool. */
export const logicalOr: Binary = (a, b) => apply('logicalOr', [a, b]);

/**
 * a where the condition holds, else b. The three broadcast.
 *
 * @param condition bool.
 */
export function where<C extends Operand, A extends Operand, B extends Operand>(
  condition: C,
  a: A,
  b: B,
): Outcome<C | A | B> {
  // A number follows the other branch, not the condition.
  return promote<Operand>('where', [condition, a, b], {}, { from: 1 }) as Outcome<C | A | B>;
}
