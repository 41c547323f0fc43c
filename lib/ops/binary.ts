import { type Operand, type Outcome, apply, applyFloat, promote } from '../core/apply.js';
import { op } from '../core/op.js';
import { asBool } from './asBool.js';

/** An op of two operands of any shapes that broadcast as numpy's do. */
type Binary = <A extends Operand, B extends Operand>(a: A, b: B) => Outcome<A | B>;

const binary = (name: string): Binary => op(name, (a, b) => promote(name, [a, b]));

// All of them broadcast as numpy does, and throw EngineError SHAPE where shapes do not meet. Operands of two dtypes meet in
// the wider one (bool < uint8 < int32 < float32), as in Keras; DTYPE where the op does not compute that.

/**
 * a + b, float32 or int32; broadcasts. https://keras.io/api/ops/numpy/
 *
 * @throws EngineError `SHAPE` where shapes do not meet, `DTYPE`.
 * @example ops.add(tensor([[1, 2], [3, 4]]), [10, 20]); // [[11, 22], [13, 24]]
 */
export const add: Binary = binary('add');
/** a − b, float32 or int32; broadcasts. Also as `ops.sub`, TF.js's name. @throws EngineError `SHAPE` where shapes do not meet, `DTYPE`. */
export const subtract: Binary = binary('subtract');
/** a · b, number by number, float32 or int32; broadcasts. Also as `ops.mul`, TF.js's name. @throws EngineError `SHAPE` where shapes do not meet, `DTYPE`. */
export const multiply: Binary = binary('multiply');
/** a / b, float32, of whole numbers too; broadcasts. Also as `ops.trueDivide` and, as in TF.js, `ops.div`. @throws EngineError `SHAPE` where shapes do not meet. */
export const divide: Binary = op(
  'divide',
  op('divide', (a, b) => applyFloat('divide', [a, b])),
);
/** a to the power of b, float32; broadcasts. Also as `ops.pow`, TF.js's name. @throws EngineError `SHAPE` where shapes do not meet, `DTYPE`. */
export const power: Binary = binary('power');
/** The larger of the two, float32 or int32; broadcasts; at ties each gets half of the gradient. @throws EngineError `SHAPE`, `DTYPE`. */
export const maximum: Binary = binary('maximum');
/** The smaller of the two, float32 or int32; broadcasts; at ties each gets half of the gradient. @throws EngineError `SHAPE`, `DTYPE`. */
export const minimum: Binary = binary('minimum');

/** Whether a = b, as bool; broadcasts. No gradient. @throws EngineError `SHAPE`. */
export const equal: Binary = binary('equal');
/** Whether a ≠ b, as bool; broadcasts. No gradient. @throws EngineError `SHAPE`. */
export const notEqual: Binary = binary('notEqual');
/** Whether a < b, as bool; broadcasts. No gradient. @throws EngineError `SHAPE`. */
export const less: Binary = binary('less');
/** Whether a ≤ b, as bool; broadcasts. No gradient. @throws EngineError `SHAPE`. */
export const lessEqual: Binary = binary('lessEqual');
/** Whether a > b, as bool; broadcasts. No gradient. @throws EngineError `SHAPE`. */
export const greater: Binary = binary('greater');
/** Whether a ≥ b, as bool; broadcasts. No gradient. @throws EngineError `SHAPE`. */
export const greaterEqual: Binary = binary('greaterEqual');

const logical =
  (name: string) =>
  <A extends Operand, B extends Operand>(a: A, b: B): Outcome<A | B> =>
    apply(name, [asBool(a), asBool(b)]) as Outcome<A | B>;

/** Whether both are true (not 0); bool, broadcasts. @throws EngineError `SHAPE`. */
export const logicalAnd: Binary = op('logicalAnd', op('logicalAnd', logical('logicalAnd')));
/** Whether one or both are true (not 0); bool, broadcasts. @throws EngineError `SHAPE`. */
export const logicalOr: Binary = op('logicalOr', op('logicalOr', logical('logicalOr')));

/**
 * x1 where the condition holds, else x2. The three broadcast. (The places where a condition holds: `ops.nonzero`.)
 *
 * @param condition bool.
 */
export const where = op(
  'where',
  <C extends Operand, A extends Operand, B extends Operand>(
    condition: C,
    x1: A,
    x2: B,
  ): Outcome<C | A | B> => {
    // A number follows the other branch, not the condition.
    return promote<Operand>('where', [condition, x1, x2], {}, { from: 1 }) as Outcome<C | A | B>;
  },
);
