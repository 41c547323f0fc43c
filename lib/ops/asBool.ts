import { type Operand, apply, typeOf } from '../core/apply.js';

/** x ≠ 0, as bool; NaN is true. @internal */
export const asBool = (x: Operand): Operand =>
  typeOf(x).dtype === 'bool' ? x : apply('cast', [x], { dtype: 'bool' });
