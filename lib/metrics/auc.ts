import {
  type OptionNames,
  boolean,
  expected,
  finite,
  fraction,
  integer,
  knownOptionsOf,
  oneOf,
} from '../base/checks.js';
import { defaultsOf, withDefaults } from '../base/defaults.js';
import { lastOf } from '../base/list.js';
import { type Sym } from '../core/sym.js';
import { type Tensor, tensor } from '../core/tensor.js';
import * as ops from '../ops/index.js';
import { ConfusionMetric, evenThresholds } from './confusionMetric.js';
import { type MetricOptions, type MetricValues, metricNames } from './metric.js';

const CURVES = ['ROC', 'PR', 'PRGAIN', 'roc', 'pr', 'prgain'] as const;
const SUMMATIONS = ['interpolation', 'minoring', 'majoring'] as const;
/** How far the outer thresholds are beyond 0 and 1: Keras's epsilon. */
const EPSILON = 1e-7;

/** What {@link auc} takes. */
export interface AUCOptions extends MetricOptions {
  /** How many thresholds make the curve, at least 2: from 0 to 1 and as far apart from each other. Default 200. */
  numThresholds?: number;
  /** The curve: sensitivity by false positives (`ROC`), precision by recall (`PR`), or precision gain by recall gain (`PRGAIN`). Default `ROC`. */
  curve?: (typeof CURVES)[number];
  /**
   * How the curve goes on between two thresholds: in the mean of both (of `PR` as Davis and Goadrich do, 2006), or in the lower or the
   * higher of both. Default `interpolation`.
   */
  summationMethod?: (typeof SUMMATIONS)[number];
  /** Thresholds between 0 and 1 instead of `numThresholds`. Default: those. */
  thresholds?: readonly number[];
  /** Whether each label of predictions [n, labels] has a separate curve; the result is the mean. Default false. */
  multiLabel?: boolean;
  /** How many labels there are, with `multiLabel`. Default: as many as the first batch has. */
  numLabels?: number;
  /** What each label counts. Default: all the same. */
  labelWeights?: readonly number[];
  /** Whether predictions are logits, of which the sigmoid is taken. Default false. */
  fromLogits?: boolean;
}

const DEFAULTS = defaultsOf<AUCOptions>()({
  numThresholds: 200,
  curve: 'ROC',
  summationMethod: 'interpolation',
  multiLabel: false,
  fromLogits: false,
  dtype: 'float32',
});

/** The metric that {@link auc} makes. */
export class AUC extends ConfusionMetric {
  static override readonly optionNames: object = {
    ...metricNames,
    numThresholds: 'optional',
    curve: 'optional',
    summationMethod: 'optional',
    thresholds: 'optional',
    multiLabel: 'boolean',
    numLabels: 'optional',
    labelWeights: 'optional',
    fromLogits: 'boolean',
  } satisfies OptionNames<AUCOptions>;
  override readonly className = 'AUC';
  override readonly direction = 'up';
  readonly #options: AUCOptions & typeof DEFAULTS;
  readonly #curve: 'ROC' | 'PR' | 'PRGAIN';
  readonly #summation: (typeof SUMMATIONS)[number];

  constructor(given: AUCOptions = {}) {
    const who = knownOptionsOf(new.target, given);
    const options = withDefaults(given, DEFAULTS);
    const { multiLabel, labelWeights, numLabels } = options;
    const curve = oneOf(who, 'curve', options.curve, CURVES);
    const summation = oneOf(who, 'summationMethod', options.summationMethod, SUMMATIONS);
    const between = innerThresholds(who, options);
    if (numLabels != null && !boolean(who, 'multiLabel', multiLabel))
      throw expected(who, 'multiLabel: true where there is numLabels', multiLabel);
    const labels = numLabels == null ? undefined : integer(who, 'numLabels', numLabels);
    if (labelWeights != null) {
      if (!Array.isArray(labelWeights))
        throw expected(who, 'a list of numbers for labelWeights', labelWeights);
      for (const weight of labelWeights) finite(who, 'labelWeights', weight);
    }
    super(
      options,
      'auc',
      {
        thresholds: [-EPSILON, ...between, 1 + EPSILON],
        beyond: true,
        perLabel: multiLabel,
        labelWeights: multiLabel ? undefined : (labelWeights ?? undefined),
      },
      labels,
    );
    this.#options = options;
    this.#curve = curve.toUpperCase() as 'ROC';
    this.#summation = summation;
  }

  override updateState(yTrue: MetricValues, yPred: MetricValues, sampleWeight?: MetricValues): unknown {
    const given = yPred as Sym;
    return super.updateState(yTrue, this.#options.fromLogits ? ops.sigmoid(given) : given, sampleWeight);
  }

  override result(): Tensor {
    const areas =
      this.#curve === 'PR' && this.#summation === 'interpolation' ? this.#underPR() : this.#under();
    const { multiLabel, labelWeights } = this.#options;
    const area = ops.sum(areas, { axis: -1 });
    if (!multiLabel) return area;
    if (labelWeights == null) return ops.mean(area);
    const weights = tensor([...labelWeights]);
    return ops.divideNoNan(ops.sum(ops.multiply(area, weights)), ops.sum(weights));
  }

  override getConfig(): Record<string, unknown> {
    return { ...this.#options, ...super.getConfig() };
  }

  /** The area between each two thresholds. */
  #under(): Tensor {
    const { x, y } = this.#points();
    const [left, right] = neighbours(y);
    const heights = {
      interpolation: () => ops.divide(ops.add(left, right), 2),
      minoring: () => ops.minimum(left, right),
      majoring: () => ops.maximum(left, right),
    }[this.#summation]();
    return ops.multiply(ops.subtract(...neighbours(x)), heights);
  }

  #points(): { x: Tensor; y: Tensor } {
    const counts = this.counts();
    const { truePositives: tp, falsePositives: fp, trueNegatives: tn, falseNegatives: fn } = counts;
    const share = (a: Tensor, b: Tensor) => ops.divideNoNan(a, ops.add(a, b));
    if (this.#curve === 'ROC') return { x: share(fp, tn), y: share(tp, fn) };
    if (this.#curve === 'PR') return { x: share(tp, fn), y: share(tp, fp) };
    const scale = ops.divideNoNan(ops.add(tp, fn), ops.add(tn, fp));
    const gain = (wrong: Tensor, none: number) => {
      const value = ops.subtract(1, ops.multiply(scale, ops.divideNoNan(wrong, tp)));
      return ops.where(ops.equal(tp, 0), none, value);
    };
    return { x: ops.maximum(gain(fn, 0), 0), y: gain(fp, 1) };
  }

  /** The area under precision by recall, of which the counts are interpolated: Davis and Goadrich, 2006. */
  #underPR(): Tensor {
    const { truePositives: tp, falsePositives: fp, falseNegatives: fn } = this.counts();
    const [p, pNext] = neighbours(ops.add(tp, fp));
    const [hits, hitsNext] = neighbours(tp);
    const [, misses] = neighbours(fn);
    const dtp = ops.subtract(hits, hitsNext);
    const slope = ops.divideNoNan(dtp, ops.maximum(ops.subtract(p, pNext), 0));
    const intercept = ops.subtract(hitsNext, ops.multiply(slope, pNext));
    const both = ops.logicalAnd(ops.greater(p, 0), ops.greater(pNext, 0));
    const ratio = ops.where(both, ops.divideNoNan(p, ops.maximum(pNext, 0)), 1);
    const area = ops.multiply(slope, ops.add(dtp, ops.multiply(intercept, ops.log(ratio))));
    return ops.divideNoNan(area, ops.maximum(ops.add(hitsNext, misses), 0));
  }
}

/** All values but the last, and all but the first, along the last axis: [..., thresholds]. */
function neighbours(values: Tensor): [Tensor, Tensor] {
  const count = lastOf(values.shape);
  const part = (from: number) =>
    ops.gather(values, tensor(range(from, count - 1), undefined, 'int32'), { axis: -1 });
  return [part(0), part(1)];
}

const range = (from: number, count: number): number[] => Array.from({ length: count }, (_, i) => from + i);

function innerThresholds(who: string, { thresholds, numThresholds }: AUCOptions & typeof DEFAULTS): number[] {
  if (thresholds == null) return evenThresholds(integer(who, 'numThresholds', numThresholds, 2)).slice(1, -1);
  if (!Array.isArray(thresholds)) throw expected(who, 'a list of numbers for thresholds', thresholds);
  return thresholds.map((threshold) => fraction(who, 'thresholds', threshold)).sort((a, b) => a - b);
}

/**
 * The area under a curve of right and wrong answers over the thresholds, from 0 to 1; 0.5 is that of answers by chance under `ROC`. Targets
 * are 0 or 1 in the shape of the predictions, any dtype. https://keras.io/api/metrics/classification_metrics/#auc-class
 *
 * The curve is that of thresholds: predictions that are close to each other need more of them.
 *
 * @example
 *     const auc = metrics.auc();
 *     await auc.updateState([0, 0, 1, 1], [0, 0.5, 0.3, 0.9]);
 *     console.log(await auc.result().item()); // 0.75
 */
export const auc = (options?: AUCOptions) => new AUC(options);
