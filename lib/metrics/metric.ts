import {
  type OptionNames,
  checkList,
  expected,
  isPlainObject,
  knownOptions,
  knownOptionsOf,
  oneOf,
} from '../base/checks.js';
import { dispose } from '../base/disposable.js';
import { factoryName } from '../base/names.js';
import { symbolic } from '../core/apply.js';
import { type Feed, compile } from '../core/compile.js';
import type { Program } from '../core/program.js';
import { Sym } from '../core/sym.js';
import type { Tensor, TensorData } from '../core/tensor.js';
import { Trace } from '../core/trace.js';
import { Variable } from '../core/variable.js';
import type { DType, Shape } from '../engine/engine.js';
import { type InitializerLike, initializerOf } from '../initializers/registry.js';
import { maskedWeights, sampleMeans, size } from '../losses/align.js';
import * as ops from '../ops/index.js';
import { Means, type Share } from './means.js';

/** What every metric takes. */
export interface MetricOptions {
  /** The key in logs and in the history. Default: the name of the function that makes the metric. */
  name?: string;
  /** What it computes in. Default `float32`. */
  dtype?: 'float32';
}

/** The names of those options. @internal */
export const metricNames = { name: 'string', dtype: 'optional' } satisfies OptionNames<MetricOptions>;

/** What a metric takes: symbolic values inside `compile`, else tensors, arrays or numbers. */
export type MetricValues = Sym | Tensor | Variable | TensorData;

/** What a metric gives: one tensor, or several by their names in the logs. */
export type MetricResult = Tensor | Readonly<Record<string, Tensor>>;

/** What {@link Metric.addVariable} takes. */
export interface MetricVariableOptions {
  /** Default [], a number. */
  shape?: Shape;
  /** Its first numbers. Default zeros, with which every epoch begins. */
  initializer?: InitializerLike;
  /** Default `float32`. */
  dtype?: DType;
  /** For messages. Default `variable`. */
  name?: string;
}

const variableNames = {
  shape: 'optional',
  initializer: 'optional',
  dtype: 'optional',
  name: 'string',
} satisfies OptionNames<MetricVariableOptions>;

/**
 * A number that tells how well a model does. https://keras.io/api/metrics/
 *
 * A subclass that is a mean over the samples writes `call`, with the ops. Any other adds variables in its constructor and writes
 * `updateState`, which assigns to them, and `result`: both are traced into the steps of `fit` and `evaluate`, as in `compile`, and see
 * symbolic values. Outside of `compile` they may be called with numbers.
 *
 * @example
 *     class Bias extends metrics.Metric {
 *       override call(yTrue: Sym, yPred: Sym) {
 *         return ops.mean(ops.subtract(yPred, yTrue), { axis: -1 });
 *       }
 *     }
 * @example
 *     class Largest extends metrics.Metric {
 *       readonly #largest = this.addVariable({ name: 'largest' });
 *       override updateState(yTrue: metrics.MetricValues, yPred: metrics.MetricValues) {
 *         this.#largest.assign(ops.maximum(this.#largest, ops.max(ops.abs(ops.subtract(yPred, yTrue)))));
 *       }
 *       override result() {
 *         return this.#largest.value();
 *       }
 *     }
 *     const largest = new Largest();
 *     await largest.updateState([1, 2], [4, 3]);
 *     console.log(await largest.result().data()); // [3]
 */
export abstract class Metric<R extends MetricResult = Tensor> implements Disposable {
  /** The names of the options that the class takes, each `required`, `optional`, `boolean` or `string`: others are errors. */
  static readonly optionNames: object = metricNames;
  /** The key in logs and in the history. */
  readonly name: string;
  /** The name in configurations: that of the class. */
  readonly className: string;
  /** Whether more of it is better (`up`) or less (`down`), for callbacks that watch it. Default: not known. */
  readonly direction: 'up' | 'down' | undefined = undefined;
  readonly #variables: Variable[] = [];
  /** Where its mean is kept; `own`: nothing else is kept there. Otherwise it is one of the means of a model. */
  #mean: { readonly means: Means; readonly at: number; readonly own: boolean } | undefined;
  /** The result outside of `compile`, and the names of a record of several. */
  #reader: { readonly program: Program; readonly keys: readonly string[] | undefined } | undefined;

  /**
   * @param name The default name.
   * @param dtypes What the option `dtype` may be.
   * @throws EngineError `ARGUMENT` for unknown options, a name that is no string, another dtype.
   */
  constructor(options: MetricOptions = {}, name?: string, dtypes: readonly DType[] = ['float32']) {
    const who = knownOptionsOf(new.target, options);
    this.className = new.target.name;
    this.name = options.name ?? name ?? factoryName(this.className);
    if (typeof this.name !== 'string') throw expected(who, 'a string as name', this.name);
    checkList(who, 'dtypes', dtypes);
    oneOf(who, 'dtype', options.dtype ?? dtypes[0], dtypes);
    this.#guard();
  }

  /** `updateState` and `result` of a subclass see symbolic values alone: where there are none, a step is made for them. */
  #guard(): void {
    const update = this.updateState.bind(this);
    const result = this.result.bind(this);
    const step = compile(
      (...values: readonly Sym[]) => {
        void update(...(values as [Sym, Sym, Sym?]));
      },
      { dtypePolicy: 'float32' },
    );
    const define = (name: string, value: unknown) =>
      Object.defineProperty(this, name, { value, configurable: true, writable: true });
    define('updateState', (...given: readonly MetricValues[]) => {
      const values = given.filter((value) => (value as unknown) != null);
      const trace = values.find((value) => value instanceof Sym)?.trace ?? Trace.current;
      if (!trace) return step(...(values as Feed[]));
      return update(...(values.map((value) => symbolic(trace, value)) as [Sym, Sym, Sym?]));
    });
    define('result', () => (Trace.current ? result() : this.#read(result)));
  }

  /**
   * One value a sample, or one for each of its steps or places.
   *
   * @param _yTrue What was given, of any dtype, the batch first.
   * @param _yPred What the model put out, float32.
   * @returns float32, the batch first, without the last axis of yPred as in Keras; the mean is taken over further axes, after weights
   *   for these have been applied.
   */
  call(_yTrue: Sym, _yPred: Sym): Sym {
    throw expected(this.name, 'a class with a method call, or with updateState and result', this.className);
  }

  /**
   * Takes a batch into account: by default the mean of `call` over the samples.
   *
   * @param yTrue Targets, the batch first.
   * @param yPred Predictions, the batch first.
   * @param sampleWeight How much the samples count, [n], or their steps or places, [n, ...]. Default: all the same.
   * @returns Nothing inside of `compile`; outside a promise of the end.
   * @throws EngineError `SHAPE` or `DTYPE` for what does not fit, outside of `compile` as a rejection.
   */
  updateState(yTrue: MetricValues, yPred: MetricValues, sampleWeight?: MetricValues): unknown {
    const values = this.call(yTrue as Sym, yPred as Sym);
    const weights = sampleWeight as Sym | undefined;
    // As in Keras the mask of the values counts only where there are weights.
    this.addToMean(values, weights && maskedWeights(values.mask, weights));
    return;
  }

  /**
   * What the batches since the last {@link resetState} give, by default the mean; 0 where nothing weighs.
   *
   * @returns A tensor, inside of `compile` a symbolic value.
   * @throws EngineError `STATE` before the first batch of a metric whose variables depend on its shape.
   */
  result(): R {
    const { means, at } = this.#place();
    return means.mean(at) as R;
  }

  /** Begins anew: its variables become zeros. `fit` and `evaluate` do so before each epoch. */
  resetState(): void {
    for (const variable of this.#variables) variable.assign(new Float32Array(variable.size));
    this.#mean?.means.resetState(this.#mean.at);
  }

  /** The variables that it has added. */
  get variables(): readonly Variable[] {
    return this.#variables;
  }

  /**
   * Adds a variable; for use in the constructor, or in the first `updateState` where its shape depends on the predictions.
   *
   * @throws EngineError `OUT_OF_MEMORY`, `SHAPE`, `ARGUMENT` for an unknown initializer.
   */
  protected addVariable(options: MetricVariableOptions = {}): Variable {
    knownOptions('addVariable', options, variableNames);
    const { shape = [], initializer = 'zeros', dtype = 'float32', name = 'variable' } = options;
    const numbers = initializerOf(initializer).tensor(shape);
    const storage = dtype === 'float32' ? numbers : ops.cast(numbers, dtype);
    const variable = new Variable(storage, `${this.className}/${name}`, false);
    this.#variables.push(variable);
    return variable;
  }

  /** The arguments that make an equal metric. */
  getConfig(): Record<string, unknown> {
    return { name: this.name };
  }

  /** Frees its variables. */
  dispose(): void {
    for (const variable of this.ownVariables) variable.dispose();
  }

  /** {@link dispose}, for `using`. */
  [dispose](): void {
    this.dispose();
  }

  /**
   * Inside a trace: adds values to its mean.
   *
   * @param values float32 [n, ...], or [] for one number.
   * @param sampleWeight [n, ...], of which axes at the end may be missing; of one number [].
   * @internal
   */
  addToMean(values: Sym, sampleWeight?: Sym): void {
    if (values instanceof Sym && values.rank === 0 && !sampleWeight) {
      this.addShare({ sum: values, weight: values.trace.constant(1) });
      return;
    }
    const each = sampleMeans(this.name, values, sampleWeight);
    const weight = sampleWeight ? ops.sum(sampleMeans(this.name, sampleWeight)) : size(each);
    this.addShare({ sum: ops.sum(each), weight });
  }

  /** Inside a trace: the sum of what was added to its mean. @internal */
  protected total(): Tensor {
    const { means, at } = this.#place();
    return means.sum(at);
  }

  /** Inside a trace: adds to its mean. @internal */
  addShare(share: Share): void {
    const { means, at } = this.#place();
    means.add(at, share);
  }

  /** Keeps its mean among those of a model from now on, at a place. @internal */
  joinMeans(means: Means, at: number): void {
    if (this.#mean?.own) this.#mean.means.dispose();
    this.#mean = { means, at, own: false };
    this.#reader = undefined;
  }

  /** Keeps its mean itself again, from zero. @internal */
  leaveMeans(): void {
    this.#mean = undefined;
    this.#reader = undefined;
  }

  /** Whether the mean is the result. @internal */
  get isMean(): boolean {
    return (Object.getPrototypeOf(this) as Metric).result === Metric.prototype.result;
  }

  /** Whether it remembers more than a mean that is kept among those of a model. @internal */
  get isStateful(): boolean {
    return this.ownVariables.length > 0 || this.resetState !== Metric.prototype.resetState;
  }

  /** All that it remembers from step to step and is not kept among a model's means. @internal */
  get ownVariables(): readonly Variable[] {
    return this.#mean?.own ? [...this.#variables, this.#mean.means.variable] : this.#variables;
  }

  #place() {
    return (this.#mean ??= { means: new Means(), at: 0, own: true });
  }

  /** The result outside of `compile`. */
  #read(result: () => R): R {
    const { program, keys } = (this.#reader ??= readerOf(result));
    const outputs = program.runSilently([]);
    if (!keys) return outputs[0] as R;
    return Object.fromEntries(keys.map((key, i) => [key, outputs[i]])) as R;
  }
}

/** A program of what a function of variables gives. */
function readerOf(result: () => MetricResult): { program: Program; keys: readonly string[] | undefined } {
  const trace = new Trace();
  const given = trace.within(result);
  const keys = isPlainObject(given) ? Object.keys(given) : undefined;
  const values = keys ? Object.values(given as Record<string, Tensor>) : [given as Tensor];
  return {
    program: trace.program(
      [],
      values.map((value) => symbolic(trace, value)),
    ),
    keys,
  };
}
