import { functionName } from '../base/customObjects.js';
import type { Sym } from '../core/sym.js';

/**
 * How far predictions are from the truth. A subclass writes `call` with the ops. What training follows is the mean over the samples,
 * each times its weight where there are weights: Keras's reduction `sum_over_batch_size`. https://keras.io/api/losses/
 *
 * @example
 *     class Quartic extends losses.Loss {
 *       readonly className = 'Quartic';
 *       call(yTrue: Sym, yPred: Sym) {
 *         return ops.mean(ops.power(ops.subtract(yPred, yTrue), 4), { axis: -1 });
 *       }
 *     }
 */
export abstract class Loss {
  /** The names of the options that the class takes, each `required`, `optional`, `boolean` or `string`: others are errors. */
  static readonly optionNames: object = {};
  /** The name in configurations: that of the class. */
  abstract readonly className: string;

  /**
   * One loss a sample, or one for each of its steps or places.
   *
   * @param yTrue What was given, of any dtype, the batch first.
   * @param yPred What the model put out, float32.
   * @returns float32, the batch first, without the last axis of yPred as in Keras; the mean is taken over further axes, after weights
   *   for these have been applied.
   */
  abstract call(yTrue: Sym, yPred: Sym): Sym;

  /** The arguments that make an equal loss. */
  getConfig(): Record<string, unknown> {
    return {};
  }
}

/**
 * A loss that is a function of symbolic values: yTrue of any dtype and yPred, float32, both with the batch first, to float32 values
 * with the batch first, one or more a sample.
 */
export type LossFunction = (yTrue: Sym, yPred: Sym) => Sym;

/** A loss that is a function alone. @internal */
export class FunctionLoss extends Loss {
  readonly className: string;
  readonly #function: LossFunction;

  constructor(fn: LossFunction) {
    super();
    this.className = functionName(fn) ?? 'loss';
    this.#function = fn;
  }

  call(yTrue: Sym, yPred: Sym): Sym {
    return this.#function(yTrue, yPred);
  }
}
