import * as ops from '../ops/index.js';
import type { Operand, Outcome } from '../core/apply.js';

/** a / b, and 0 where b is 0: as Keras's metrics divide. @internal */
export function quotient<A extends Operand, B extends Operand>(a: A, b: B): Outcome<A | B> {
  const none = ops.equal<Operand, Operand>(b, 0);
  const divisor = ops.where<Operand, Operand, Operand>(none, 1, b);
  return ops.where<Operand, Operand, Operand>(none, 0, ops.divide<Operand, Operand>(a, divisor)) as Outcome<
    A | B
  >;
}
