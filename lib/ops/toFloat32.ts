import type { Sym } from '../core/sym.js';
import { cast } from './unary.js';

/** x as float32; what is float32 already is returned as it is. @internal */
export const toFloat32 = (x: Sym): Sym => (x.dtype === 'float32' ? x : cast(x, 'float32'));
