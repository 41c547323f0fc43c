import { type OptionNames, knownOptionsOf, oneOf } from '../base/checks.js';
import { functionName } from '../base/customObjects.js';
import { factoryName } from '../base/names.js';
import { LruCache } from '../base/lruCache.js';
import { atLeast, firstOf } from '../base/list.js';
import { symbolic } from '../core/apply.js';
import type { Program } from '../core/program.js';
import { Sym } from '../core/sym.js';
import { Tensor, type TensorData, tensor } from '../core/tensor.js';
import { Trace } from '../core/trace.js';
import { Variable } from '../core/variable.js';
import { toFloat32 } from '../ops/toFloat32.js';
import { sameRank } from './align.js';
import { lossOfBatch } from './reduced.js';

/** What a loss takes: symbolic values inside `compile`, else tensors, arrays or numbers. */
export type LossValues = Sym | Tensor | Variable | TensorData;

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
  dtype?: 'float32' | null;
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
  readonly #programs = new LruCache<string, Program>(16);

  /** @throws EngineError `ARGUMENT` for unknown options, and for values of a wrong type. */
  constructor(options: LossOptions = {}) {
    const who = knownOptionsOf(new.target, options);
    const { reduction = 'sumOverBatchSize', dtype } = options;
    this.reduction = oneOf(who, 'reduction', reduction ?? 'none', REDUCTIONS);
    oneOf(who, 'dtype', dtype ?? 'float32', ['float32']);
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

  /**
   * The loss of targets and predictions, outside of `compile` of numbers, in a traced function of symbolic values: what Keras computes
   * where a loss is called.
   *
   * @param yTrue Targets, the batch first.
   * @param yPred Predictions, the batch first.
   * @param sampleWeight How much the samples count, [n], or their steps or places, [n, ...]. Default: all the same.
   * @returns float32 [], or with the reduction `none` a loss for each sample, step or place; a tensor, symbolic where something given is.
   * @throws EngineError `SHAPE` or `DTYPE` for what does not fit.
   * @example
   *     const loss = losses.huber().apply([[0], [1]], [[0.5], [3]], [1, 2]);
   *     console.log(await loss.data()); // [1.5625]
   */
  apply<T extends LossValues, P extends LossValues, W extends LossValues = number>(
    yTrue: T,
    yPred: P,
    sampleWeight?: W,
  ): Sym extends T | P | W ? Sym : Tensor {
    const given = sampleWeight === undefined ? [yTrue, yPred] : [yTrue, yPred, sampleWeight];
    const trace = given.find((value) => value instanceof Sym)?.trace ?? Trace.current;
    const result = trace
      ? this.#applied(given.map((value) => symbolic(trace, value)))
      : this.#run(given as Exclude<LossValues, Sym>[]);
    return result as Sym extends T | P | W ? Sym : Tensor;
  }

  #applied(values: readonly Sym[]): Sym {
    const [yTrue, yPred, weights] = atLeast(values, 2);
    const predicted = toFloat32(yPred);
    predicted.mask = yPred.mask;
    const losses = this.call(sameRank(yTrue, predicted), predicted);
    return lossOfBatch(this, losses, predicted, weights && toFloat32(weights));
  }

  /** The loss of numbers, by a program for their types. */
  #run(given: readonly Exclude<LossValues, Sym>[]): Tensor {
    const made: Tensor[] = [];
    const feeds = given.map((value) => {
      if (value instanceof Tensor) return value;
      if (value instanceof Variable) return value.storage;
      return made[made.push(tensor(value)) - 1]!;
    });
    try {
      const key = feeds.map(({ dtype, shape }) => `${dtype}[${shape.join()}]`).join();
      const program = this.#programs.get(key) ?? this.#compiled(feeds);
      this.#programs.set(key, program);
      return firstOf(program.runSilently(feeds));
    } finally {
      for (const temporary of made) temporary.dispose();
    }
  }

  #compiled(feeds: readonly Tensor[]): Program {
    const trace = new Trace();
    const inputs = feeds.map(({ dtype, shape }) => trace.input(dtype, shape, 'loss'));
    return trace.within(() => trace.program(inputs, [this.#applied(inputs)]));
  }

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
