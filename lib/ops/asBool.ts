import { type Operand, apply, typeOf } from '../core/apply.js';
import type { Sym } from '../core/sym.js';
import { asSym } from './composed.js';

/** x ≠ 0, as bool; NaN is true. @internal */
export const asBool = (x: Operand): Sym =>
  typeOf(x).dtype === 'bool' ? asSym(x) : apply('cast', [asSym(x)], { dtype: 'bool' });
