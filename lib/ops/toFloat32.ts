import { type Operand, type Outcome, typeOf } from '../core/apply.js';
import { cast } from './unary.js';

/** x as float32; what is float32 already is returned as it is. @internal */
export const toFloat32 = <T extends Operand>(x: T): Outcome<T> =>
  (typeOf(x).dtype === 'float32' ? x : cast(x, 'float32')) as Outcome<T>;
