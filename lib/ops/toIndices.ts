import type { Sym } from '../core/sym.js';
import { apply } from '../core/apply.js';
import { cast } from './unary.js';

/**
 * float32 numbers as int32 indices, without what follows the point.
 *
 * @returns int32 of x's shape; what is int32 or uint8 already is returned as it is.
 * @throws EngineError `ARGUMENT` (when read) for NaN and numbers that int32 does not hold.
 * @internal
 */
export function toIndices(x: Sym): Sym {
  if (x.dtype === 'int32' || x.dtype === 'uint8') return x;
  return x.dtype === 'float32' ? apply('toIndices', [x]) : cast(x, 'int32');
}
