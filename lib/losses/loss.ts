import { type OptionNames, knownOptionsOf, oneOf } from '../base/checks.js';
import { functionName } from '../base/customObjects.js';
import { factoryName } from '../base/names.js';
import type { Sym } from '../core/sym.js';

const REDUCTIONS = ['sumOverBatchSize', 'sum', 'mean', 'meanWithSampleWeight', 'none'] as const;

/**
 * How the losses of a batch, each times its weight, become the number that training follows: their sum, divided by their number
 * (`sumOverBatchSize` and `mean`), by the sum of the weights (`meanWithSampleWeight`) or by nothing (`sum`). `none` leaves them as they
 * are: `compile` refuses it, because training needs one number.
 */
export type Reduction = (typeof REDUCTIONS)[number];

/** What every loss takes. */
export interface LossOptions {
  /** How the losses of a batch become one number; null is `none`. Default `sumOverBatchSize`. */
  reduction?: Reduction | null;
  /** Its name in configurations. Default: the name of the function that makes the loss. */
  name?: string;
  /** What it computes in. Default `float32`. */
  dtype?: 'float32';
}

/** The names of those options. @internal */
export const lossNames = {
  reduction: 'optional',
  name: 'string',
  dtype: 'optional',
} satisfies OptionNames<LossOptions>;

/**
 * How far predictions are from the truth. A subclass writes `call` with the ops. Training follows what `reduction` makes of
 * the numbers, each times its weight where there are weights. https://keras.io/api/losses/
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
  static readonly optionNames: object = lossNames;
  /** The name in configurations: that of the class. */
  abstract readonly className: string;
  /** How the losses of a batch become one number. */
  readonly reduction: Reduction;
  readonly #name: string | undefined;

  /** @throws EngineError `ARGUMENT` for unknown options, and for values of a wrong type. */
  constructor(options: LossOptions = {}) {
    const who = knownOptionsOf(new.target, options);
    const { reduction = 'sumOverBatchSize', dtype = 'float32' } = options;
    this.reduction = oneOf(who, 'reduction', reduction ?? 'none', REDUCTIONS);
    oneOf(who, 'dtype', dtype, ['float32']);
    this.#name = options.name;
  }

  /** Whether `call` gives one number for the whole batch. @internal */
  get isOfBatch(): boolean {
    return false;
  }

  /** The loss's name. */
  get name(): string {
    return this.#name ?? factoryName(this.className);
  }

  /**
   * One loss a sample, or one for each of its steps or places.
   *
   * @param yTrue What was given, of any dtype, the batch first.
   * @param yPred What the model put out, float32.
   * @returns float32, the batch first, without the last axis of yPred as in Keras; `reduction` takes further axes together, after
   *   weights for these have been applied.
   */
  abstract call(yTrue: Sym, yPred: Sym): Sym;

  /** The arguments that make an equal loss. */
  getConfig(): Record<string, unknown> {
    return { name: this.name, reduction: this.reduction };
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
