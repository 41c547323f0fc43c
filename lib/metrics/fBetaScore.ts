import {
  type OptionNames,
  expected,
  fraction,
  knownOptionsOf,
  mismatch,
  oneOf,
  positive,
  wrongShape,
} from '../base/checks.js';
import { itemAt } from '../base/list.js';
import type { Sym } from '../core/sym.js';
import type { Tensor } from '../core/tensor.js';
import type { Variable } from '../core/variable.js';
import { align, sameWeights } from '../losses/align.js';
import * as ops from '../ops/index.js';
import { Metric, type MetricOptions, type MetricValues, metricNames } from './metric.js';

const AVERAGES = ['micro', 'macro', 'weighted'] as const;
/** Divisors stay above 0: Keras's epsilon. */
const EPSILON = 1e-7;

/** What {@link f1Score} takes. */
export interface F1ScoreOptions extends MetricOptions {
  /**
   * What becomes of the scores of the classes: `micro` counts answers of all classes together, `macro` is the mean, `weighted` the mean in
   * which each class has the weight of its answers. Default: a list of all.
   */
  average?: (typeof AVERAGES)[number] | undefined;
  /** A prediction above it means yes, above 0 and up to 1. Default: the largest of each row does. */
  threshold?: number | undefined;
}

/** What {@link fBetaScore} takes. */
export interface FBetaScoreOptions extends F1ScoreOptions {
  /** How much more recall counts than precision, above 0. Default 1. */
  beta?: number;
}

/** @internal */
export const f1Names = {
  ...metricNames,
  average: 'optional',
  threshold: 'optional',
} satisfies OptionNames<F1ScoreOptions>;

/** The metric that {@link fBetaScore} makes. */
export class FBetaScore extends Metric implements FBetaScoreOptions {
  static override readonly optionNames: object = {
    ...f1Names,
    beta: 'optional',
  } satisfies OptionNames<FBetaScoreOptions>;
  override readonly className: string = 'FBetaScore';
  override readonly direction = 'up';
  /** What becomes of the scores of the classes. */
  readonly average: 'micro' | 'macro' | 'weighted' | undefined;
  /** How much more recall counts than precision. */
  readonly beta: number;
  /** A prediction above it means yes. */
  readonly threshold: number | undefined;
  /** Of each class: right and wrong answers, and all that are yes. */
  #sums: { readonly right: Variable; readonly predicted: Variable; readonly wanted: Variable } | undefined;

  constructor(options: FBetaScoreOptions = {}, name = 'fbetaScore') {
    const who = knownOptionsOf(new.target, options);
    super(options, name);
    const { average, threshold } = options;
    this.average = average == null ? undefined : oneOf(who, 'average', average, AVERAGES);
    this.beta = positive(who, 'beta', options.beta ?? 1);
    this.threshold = threshold == null ? undefined : fraction(who, 'threshold', threshold);
    if (threshold === 0) throw expected(who, 'threshold above 0', threshold);
  }

  override updateState(yTrue: MetricValues, yPred: MetricValues, sampleWeight?: MetricValues): unknown {
    const prediction = yPred as Sym;
    if (prediction.rank !== 2 || itemAt(prediction.shape, 1) < 0)
      throw wrongShape(this.name, 'predictions [n, classes]', prediction.shape);
    const target = align(this.name, yTrue as Sym, prediction);
    const largest = () => {
      const isLargest = ops.greaterEqual(prediction, ops.max(prediction, { axis: -1, keepDims: true }));
      return ops.logicalAnd(isLargest, ops.greater(ops.abs(prediction), 1e-9));
    };
    const { threshold } = this;
    const yes = ops.cast(threshold === undefined ? largest() : ops.greater(prediction, threshold), 'float32');
    const weigh = (values: Sym) =>
      sampleWeight === undefined
        ? values
        : ops.multiply(values, sameWeights(this.name, sampleWeight as Sym, values));
    const shape = this.average === 'micro' ? [] : [itemAt(prediction.shape, 1)];
    const sums = (this.#sums ??= {
      right: this.addVariable({ name: 'right', shape }),
      predicted: this.addVariable({ name: 'predicted', shape }),
      wanted: this.addVariable({ name: 'wanted', shape }),
    });
    const add = (variable: Variable, values: Sym) => {
      variable.assign(ops.add(variable, ops.sum(weigh(values), this.average === 'micro' ? {} : { axis: 0 })));
    };
    add(sums.right, ops.multiply(yes, target));
    add(sums.predicted, yes);
    add(sums.wanted, target);
    return;
  }

  override result(): Tensor {
    if (!this.#sums)
      throw mismatch(
        this.name,
        'updateState before result',
        'no call: only then it knows how many classes there are',
        'STATE',
      );
    const { right, predicted, wanted } = this.#sums;
    const share = (a: Variable | Tensor, b: Variable | Tensor) => ops.divide(a, ops.add(b, EPSILON));
    const [precision, recall] = [share(right, predicted), share(right, wanted)];
    const square = this.beta ** 2;
    const both = ops.add(ops.multiply(precision, square), recall);
    const scores = ops.multiply(share(ops.multiply(precision, recall), both), 1 + square);
    if (this.average === undefined) return scores;
    if (this.average !== 'weighted') return ops.mean(scores);
    return ops.sum(ops.multiply(scores, share(wanted, ops.sum(wanted))));
  }

  override getConfig(): Record<string, unknown> {
    const { average, beta, threshold } = this;
    return { ...super.getConfig(), average, beta, threshold };
  }
}

/**
 * (1 + β²) · precision · recall / (β² · precision + recall) of each class, 0 to 1. A list of several has the keys `fbetaScore_0`,
 * `fbetaScore_1`, … in the logs. Targets are 0 or 1, [n, classes] as the predictions; any dtype.
 * https://keras.io/api/metrics/classification_metrics/#fbetascore-class
 *
 * @throws EngineError `SHAPE`, from the first step, for predictions of another rank and targets of another shape.
 * @example
 *     const score = metrics.fBetaScore({ beta: 2, threshold: 0.5 });
 *     await score.updateState([[1, 1, 1], [1, 0, 0], [1, 1, 0]], [[0.2, 0.6, 0.7], [0.2, 0.6, 0.6], [0.6, 0.8, 0]]);
 *     console.log(Array.from(await score.result().data(), (x) => x.toFixed(2)).join()); // 0.38,0.91,0.83
 */
export const fBetaScore = (options?: FBetaScoreOptions) => new FBetaScore(options);
