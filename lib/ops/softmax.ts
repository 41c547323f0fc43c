import { type Operand, type Outcome, apply } from './apply.js';

/** eˣ divided by its sum along an axis (default the last). */
export const softmax = <T extends Operand>(x: T, options: { axis?: number } = {}): Outcome<T> =>
  apply('softmax', [x], { axis: options.axis ?? -1 });

/** The logarithm of {@link softmax}, without overflow. */
export const logSoftmax = <T extends Operand>(x: T, options: { axis?: number } = {}): Outcome<T> =>
  apply('logSoftmax', [x], { axis: options.axis ?? -1 });
