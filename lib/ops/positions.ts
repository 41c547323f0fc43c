import { itemAt } from '../base/list.js';
import { type Operand, apply, typeOf } from '../core/apply.js';
import { Sym } from '../core/sym.js';
import { tensor } from '../core/tensor.js';
import { asSym } from './composed.js';
import { onesAlong } from './lengthAlong.js';
import { cast } from './unary.js';

/** 0, 1, 2, … along an axis of x: float32 of the axis's size, which may be known only when the step runs. @internal */
export function positions(x: Operand, axis: number): Operand {
  const size = itemAt(typeOf(x).shape, axis);
  if (size >= 0 || !(x instanceof Sym)) return tensor(Float32Array.from({ length: size }, (_, i) => i));
  return apply('cumsum', [onesAlong(x, axis)], { axis: 0, exclusive: true });
}

/** As {@link positions}, int32. @internal */
export const places = (x: Operand, axis: number): Sym => cast(asSym(positions(x, axis)), 'int32');
