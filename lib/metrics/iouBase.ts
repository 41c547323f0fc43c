import { type OptionNames, axisNumber, expected, integer } from '../base/checks.js';
import { defaultsOf } from '../base/defaults.js';
import type { Sym } from '../core/sym.js';
import { type Tensor, tensor } from '../core/tensor.js';
import type { Variable } from '../core/variable.js';
import { sameWeights } from '../losses/align.js';
import * as ops from '../ops/index.js';
import { rowSums } from '../ops/rowSums.js';
import { Metric, type MetricValues, metricNames } from './metric.js';

/** What all metrics of the overlap of classes take. */
export interface BaseIoUOptions {
  /** The key in logs and in the history. Default: the name of the function that makes the metric. */
  name?: string;
  /** In what answers are counted: `int32` cuts the fractions of weights. Default `int32`. */
  dtype?: 'int32' | 'float32';
}

/** What metrics take of the overlap of given classes. */
export interface ClassesOptions extends BaseIoUOptions {
  /** How many classes there are. */
  numClasses: number;
  /** A class whose places do not count, as targets. Default: all count. */
  ignoreClass?: number;
  /** Along which axis the classes are where something is not a class number; negative ones count from the end. Default -1. */
  axis?: number;
}

/** @internal */
export const classesDefaults = defaultsOf<ClassesOptions>()({ axis: -1 });

/** @internal */
export const classesNames = {
  ...metricNames,
  numClasses: 'required',
  ignoreClass: 'optional',
  axis: 'optional',
} satisfies OptionNames<ClassesOptions>;

/** How places are counted. */
interface Counting {
  readonly numClasses: number;
  readonly targetClassIds: readonly number[];
  readonly ignoreClass?: number | null | undefined;
  readonly axis: number;
  /** Whether targets and predictions are class numbers; else the largest along the axis is the class. */
  readonly sparseYTrue: boolean;
  readonly sparseYPred: boolean;
}

/** The mean over classes of TP / (TP + FP + FN), from a table of answers by right and predicted class. */
export abstract class IoUBase extends Metric {
  override readonly direction = 'up';
  /** What answers are counted in. */
  readonly dtype: 'int32' | 'float32';
  readonly #options: BaseIoUOptions;
  readonly #counting: Counting;
  readonly #table: Variable;

  /** @param options All that the class takes. */
  constructor(who: string, options: BaseIoUOptions, counting: Counting) {
    const { numClasses, targetClassIds, ignoreClass, axis } = counting;
    integer(who, 'numClasses', numClasses);
    if (ignoreClass != null && !Number.isSafeInteger(ignoreClass))
      throw expected(who, 'an integer for ignoreClass', ignoreClass);
    axisNumber(who, axis);
    if (!Array.isArray(targetClassIds) || targetClassIds.length === 0)
      throw expected(who, 'a list of class numbers for targetClassIds', targetClassIds);
    for (const id of targetClassIds)
      if (integer(who, 'targetClassIds', id, 0) >= numClasses)
        throw expected(who, `class numbers below numClasses, ${numClasses}, for targetClassIds`, id);
    super(options as object, who, ['int32', 'float32']);
    this.dtype = options.dtype ?? 'int32';
    this.#options = options;
    this.#counting = counting;
    this.#table = this.addVariable({ name: 'table', shape: [numClasses * numClasses], dtype: this.dtype });
  }

  override updateState(yTrue: MetricValues, yPred: MetricValues, sampleWeight?: MetricValues): unknown {
    const { numClasses, ignoreClass, axis, sparseYTrue, sparseYPred } = this.#counting;
    const classes = (x: Sym, sparse: boolean) => {
      const numbers = sparse ? x : ops.argmax(x, { axis });
      return ops.reshape(ops.cast(numbers, 'int32'), [-1]);
    };
    const given = yPred as Sym;
    const [wanted, predicted] = [classes(yTrue as Sym, sparseYTrue), classes(given, sparseYPred)];
    const within = (x: Sym) => ops.logicalAnd(ops.greaterEqual(x, 0), ops.less(x, numClasses));
    let counts = ops.logicalAnd(within(wanted), within(predicted));
    if (ignoreClass != null) counts = ops.logicalAnd(counts, ops.notEqual(wanted, ignoreClass));
    const index = ops.where(counts, ops.add(ops.multiply(wanted, numClasses), predicted), 0);
    let weights = ops.cast(counts, 'float32');
    if (sampleWeight !== undefined) {
      const places = sparseYPred ? given : ops.argmax(given, { axis });
      const ones = ops.cast(ops.equal(places, places), 'float32');
      const spread = ops.multiply(ones, sameWeights(this.name, sampleWeight as Sym, ones));
      const whole = this.dtype === 'int32' ? ops.cast(ops.cast(spread, 'int32'), 'float32') : spread;
      weights = ops.multiply(weights, ops.reshape(whole, [-1]));
    }
    const more = rowSums(weights, index, numClasses * numClasses);
    this.#table.assign(ops.add(this.#table, ops.cast(more, this.dtype)));
    return;
  }

  override result(): Tensor {
    const { numClasses, targetClassIds } = this.#counting;
    const table = ops.reshape(ops.cast(this.#table, 'float32'), [numClasses, numClasses]);
    const diagonal = ops.multiply(table, tensor(identityRows(numClasses)));
    const right = ops.sum(diagonal, { axis: 0 });
    const all = ops.subtract(ops.add(ops.sum(table, { axis: 0 }), ops.sum(table, { axis: 1 })), right);
    const ids = tensor([...targetClassIds], undefined, 'int32');
    const [hits, places] = [ops.gather(right, ids), ops.gather(all, ids)];
    const valid = ops.greater(places, 1e-9);
    const shares = ops.where(valid, ops.divide(hits, ops.add(places, 1e-7)), 0);
    return ops.divide(ops.sum(shares), ops.add(ops.sum(ops.cast(valid, 'float32')), 1e-7));
  }

  override getConfig(): Record<string, unknown> {
    return { ...this.#options, ...super.getConfig(), dtype: this.dtype };
  }
}

const identityRows = (n: number): number[][] =>
  Array.from({ length: n }, (_, row) => Array.from({ length: n }, (__, column) => (row === column ? 1 : 0)));
