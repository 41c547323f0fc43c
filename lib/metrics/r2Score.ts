import { type OptionNames, integer, knownOptionsOf, mismatch, oneOf, wrongShape } from '../base/checks.js';
import { itemAt } from '../base/list.js';
import type { Sym } from '../core/sym.js';
import type { Tensor } from '../core/tensor.js';
import type { Variable } from '../core/variable.js';
import { align, sameWeights, size } from '../losses/align.js';
import * as ops from '../ops/index.js';
import { Metric, type MetricOptions, type MetricValues, metricNames } from './metric.js';

const AGGREGATIONS = ['uniformAverage', 'varianceWeightedAverage', 'none'] as const;
const SUMS = ['squares', 'sum', 'errors', 'count'] as const;

/** What {@link r2Score} takes. */
export interface R2ScoreOptions extends MetricOptions {
  /**
   * What becomes of the scores of several outputs: their mean, or that in which each has the weight of its variance; `none`, a list of all.
   * Default `uniformAverage`.
   */
  classAggregation?: (typeof AGGREGATIONS)[number] | null;
  /** How many independent variables the score is adjusted for; 0: it is not. Default 0. */
  numRegressors?: number;
}

/** The metric that {@link r2Score} makes. */
export class R2Score extends Metric implements R2ScoreOptions {
  static override readonly optionNames: object = {
    ...metricNames,
    classAggregation: 'optional',
    numRegressors: 'optional',
  } satisfies OptionNames<R2ScoreOptions>;
  override readonly className = 'R2Score';
  override readonly direction = 'up';
  /** What becomes of the scores of several outputs. */
  readonly classAggregation: (typeof AGGREGATIONS)[number];
  /** How many independent variables the score is adjusted for. */
  readonly numRegressors: number;
  readonly #samples = this.addVariable({ name: 'samples' });
  #sums: Readonly<Record<(typeof SUMS)[number], Variable>> | undefined;

  constructor(options: R2ScoreOptions = {}) {
    const who = knownOptionsOf(new.target, options);
    super(options, 'r2Score');
    const { classAggregation = 'uniformAverage' } = options;
    this.classAggregation = oneOf(who, 'classAggregation', classAggregation ?? 'none', AGGREGATIONS);
    this.numRegressors = integer(who, 'numRegressors', options.numRegressors ?? 0, 0);
  }

  override updateState(yTrue: MetricValues, yPred: MetricValues, sampleWeight?: MetricValues): unknown {
    const prediction = yPred as Sym;
    if (prediction.rank !== 2 || itemAt(prediction.shape, 1) < 0)
      throw wrongShape(this.name, 'predictions [n, outputs]', prediction.shape);
    const target = align(this.name, yTrue as Sym, prediction);
    const ones = ops.cast(ops.equal(target, target), 'float32');
    const weight =
      sampleWeight === undefined
        ? ones
        : ops.multiply(ones, sameWeights(this.name, sampleWeight as Sym, target));
    const sums = (this.#sums ??= Object.fromEntries(
      SUMS.map((name) => [name, this.addVariable({ name, shape: [itemAt(prediction.shape, 1)] })]),
    ) as Record<(typeof SUMS)[number], Variable>);
    const add = (variable: Variable, values: Sym) => {
      variable.assign(ops.add(variable, ops.sum(ops.multiply(values, weight), { axis: 0 })));
    };
    add(sums.sum, target);
    add(sums.squares, ops.square(target));
    add(sums.errors, ops.square(ops.subtract(target, prediction)));
    add(sums.count, ones);
    this.#samples.assign(ops.add(this.#samples, size(target)));
    return;
  }

  override result(): Tensor {
    if (!this.#sums)
      throw mismatch(
        this.name,
        'updateState before result',
        'no call: only then it knows how many outputs there are',
        'STATE',
      );
    const { sum, squares, errors, count } = this.#sums;
    const total = ops.subtract(squares, ops.multiply(sum, ops.divide(sum, count)));
    const raw = ops.subtract(1, ops.divide(errors, total));
    const scores = ops.where(ops.isinf(raw), 0, raw);
    const aggregated = {
      none: () => scores,
      uniformAverage: () => ops.mean(scores),
      varianceWeightedAverage: () => ops.divide(ops.sum(ops.multiply(total, scores)), ops.sum(total)),
    }[this.classAggregation]();
    return this.numRegressors === 0 ? aggregated : this.#adjusted(aggregated);
  }

  /** 1 − (1 − R²) · (n − 1) / (n − p − 1); the score itself where there are too few samples for that, as in Keras. */
  #adjusted(score: Tensor): Tensor {
    const free = ops.subtract(this.#samples, this.numRegressors + 1);
    const share = ops.divide(
      ops.multiply(ops.subtract(1, score), ops.subtract(this.#samples, 1)),
      ops.maximum(free, 1),
    );
    return ops.where(ops.greater(free, 0), ops.subtract(1, share), score);
  }

  override getConfig() {
    const { classAggregation: given, numRegressors } = this;
    // Keras has no word for none.
    return { ...super.getConfig(), classAggregation: given === 'none' ? null : given, numRegressors };
  }
}

/**
 * The coefficient of determination R², 1 − Σ (yTrue − yPred)² / Σ (yTrue − mean of yTrue)²: 1 for predictions that are right, 0 for the
 * mean. Targets are [n, outputs] as the predictions; any dtype. https://keras.io/api/metrics/regression_metrics/#r2score-class
 *
 * @throws EngineError `SHAPE`, from the first step, for predictions of another rank and targets of another shape.
 * @example
 *     const score = metrics.r2Score();
 *     await score.updateState([[1], [4], [3]], [[2], [4], [4]]);
 *     console.log((await score.result().item()).toFixed(4)); // 0.5714
 */
export const r2Score = (options?: R2ScoreOptions) => new R2Score(options);
