import { knownOptions } from '../base/checks.js';
import { type AxisOptions, axisNames } from './axis.js';
import { type Operand, type Outcome, applyFloat } from '../core/apply.js';
import { op } from '../core/op.js';

/** eˣ divided by its sum along an axis (default the last). */
export const softmax = op('softmax', <T extends Operand>(x: T, options: AxisOptions = {}): Outcome<T> =>
  overAxis('softmax', x, options),
);

/** The logarithm of {@link softmax}, without overflow. */
export const logSoftmax = op('logSoftmax', <T extends Operand>(x: T, options: AxisOptions = {}): Outcome<T> =>
  overAxis('logSoftmax', x, options),
);

function overAxis<T extends Operand>(op: string, x: T, options: AxisOptions): Outcome<T> {
  knownOptions(op, options, axisNames);
  return applyFloat(op, [x], { axis: options.axis ?? -1 });
}
