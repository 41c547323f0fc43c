import { type Operand, type Outcome, applyFloat } from './apply.js';

/** eˣ divided by its sum along an axis (default the last). */
export const softmax = <T extends Operand>(x: T, options: { axis?: number } = {}): Outcome<T> =>
  applyFloat('softmax', [x], { axis: options.axis ?? -1 });

/** The logarithm of {@link softmax}, without overflow. */
export const logSoftmax = <T extends Operand>(x: T, options: { axis?: number } = {}): Outcome<T> =>
  applyFloat('logSoftmax', [x], { axis: options.axis ?? -1 });
