import { type OptionNames, expected, fraction, mismatch, wrongShape } from '../base/checks.js';
import { listOf } from '../base/list.js';
import type { Sym } from '../core/sym.js';
import { type Tensor, tensor } from '../core/tensor.js';
import type { Variable } from '../core/variable.js';
import { sameRank, sameWeights } from '../losses/align.js';
import * as ops from '../ops/index.js';
import { rowSums } from '../ops/rowSums.js';
import { Metric, type MetricOptions, type MetricValues, metricNames } from './metric.js';
import { onlyTopK } from './topK.js';

/** What the metrics that count right and wrong answers above thresholds take. */
export interface ThresholdsOptions extends MetricOptions {
  /** A prediction above it means yes: one or several, from 0 to 1. Default 0.5. */
  thresholds?: number | readonly number[] | undefined;
}

/** @internal */
export const thresholdsNames = {
  ...metricNames,
  thresholds: 'optional',
} satisfies OptionNames<ThresholdsOptions>;

/** How predictions are counted. */
interface Counting {
  /** In any order, which is that of the results. */
  readonly thresholds: readonly number[];
  /** Whether the first and the last are a little beyond 0 and 1: then none and all are above. Default false. */
  readonly beyond?: boolean;
  /** Only the largest predictions of a row may mean yes. Default: all. */
  readonly topK?: number | undefined;
  /** The only class that counts. Default: all. */
  readonly classId?: number | undefined;
  /** Whether the labels of the last axis are counted apart. Default false. */
  readonly perLabel?: boolean;
  /** What each label counts, where they are counted together. Default 1. */
  readonly labelWeights?: readonly number[] | undefined;
}

/** Right and wrong answers at each threshold, [thresholds], or [labels, thresholds] where labels are counted apart. */
export interface Counts {
  readonly truePositives: Tensor;
  readonly falsePositives: Tensor;
  readonly trueNegatives: Tensor;
  readonly falseNegatives: Tensor;
}

/**
 * A metric of the right and wrong answers at thresholds. What it remembers are two histograms: how much weight predictions have of which
 * the answer is yes, or no, between each two thresholds.
 */
export abstract class ConfusionMetric extends Metric {
  readonly #counting: Counting;
  /** Counts [labels, thresholds + 1]: at i of predictions that are above i thresholds. */
  #histograms: { readonly yes: Variable; readonly no: Variable } | undefined;

  constructor(options: MetricOptions, name: string, counting: Counting, labels?: number) {
    super(options, name);
    this.#counting = counting;
    if (!counting.perLabel) this.#build(1);
    else if (labels !== undefined) this.#build(labels);
  }

  override updateState(yTrue: MetricValues, yPred: MetricValues, sampleWeight?: MetricValues): unknown {
    const { classId, topK, perLabel, labelWeights } = this.#counting;
    const ofClass = (x: Sym) =>
      classId === undefined ? x : ops.gather(x, tensor([classId], [1], 'int32'), { axis: -1 });
    const given = ops.cast(yPred as Sym, 'float32');
    const prediction = ofClass(topK === undefined ? given : onlyTopK(given, topK));
    const { rank, shape } = prediction;
    const yes = ops.cast(ops.notEqual(ofClass(sameRank(yTrue as Sym, given)), 0), 'float32');
    const labels = perLabel ? (shape.at(-1) ?? -1) : 1;
    if (perLabel && (rank !== 2 || labels < 0)) throw wrongShape(this.name, 'predictions [n, labels]', shape);
    if (classId !== undefined && given.rank < 2)
      throw wrongShape(this.name, 'predictions [n, classes] for a classId', given.shape);
    const steps = this.#counting.thresholds.length + 1;
    let index = this.#index(prediction);
    let weight = ops.cast(ops.equal(index, index), 'float32');
    if (sampleWeight !== undefined)
      weight = ops.multiply(weight, sameWeights(this.name, sampleWeight as Sym, prediction));
    if (labelWeights) weight = ops.multiply(weight, labelWeights);
    if (labels > 1) {
      const starts = Array.from({ length: labels }, (_, label) => label * steps);
      index = ops.add(index, tensor(starts, [labels], 'int32'));
    }
    const flat = (x: Sym) => ops.reshape(x, [-1]);
    const add = (variable: Variable, weights: Sym) => {
      const more = rowSums(flat(weights), flat(index), labels * steps);
      variable.assign(ops.add(variable, ops.reshape(more, [labels, steps])));
    };
    const histograms = (this.#histograms ??= this.#build(labels));
    add(histograms.yes, ops.multiply(weight, yes));
    add(histograms.no, ops.multiply(weight, ops.subtract(1, yes)));
    return;
  }

  /** Right and wrong answers so far. */
  protected counts(): Counts {
    if (!this.#histograms)
      throw mismatch(
        this.name,
        'updateState before result',
        'no call: only then it knows how many labels there are',
        'STATE',
      );
    const { perLabel } = this.#counting;
    const [truePositives, falsePositives] = [this.#above('yes'), this.#above('no')];
    const all = (which: 'yes' | 'no') => {
      const sums = ops.sum(this.#histograms![which], { axis: -1, keepDims: true });
      return perLabel ? sums : ops.reshape(sums, [1]);
    };
    return {
      truePositives,
      falsePositives,
      trueNegatives: ops.subtract(all('no'), falsePositives),
      falseNegatives: ops.subtract(all('yes'), truePositives),
    };
  }

  /** One number for each threshold; of one threshold the number alone. */
  protected perThreshold(values: Tensor): Tensor {
    return this.#counting.thresholds.length === 1 ? ops.reshape(values, []) : values;
  }

  #build(labels: number) {
    const shape = [labels, this.#counting.thresholds.length + 1];
    return (this.#histograms = {
      yes: this.addVariable({ name: 'yes', shape }),
      no: this.addVariable({ name: 'no', shape }),
    });
  }

  /** How many thresholds a prediction is above. */
  #index(prediction: Sym): Sym {
    const { thresholds, beyond = false } = this.#counting;
    if (!areEven(thresholds, beyond)) {
      const above = ops.greater(ops.expandDims(prediction, -1), tensor([...thresholds]));
      return ops.cast(ops.sum(ops.cast(above, 'float32'), { axis: -1 }), 'int32');
    }
    // What is no number is above none.
    const number = ops.where(ops.equal(prediction, prediction), prediction, 0);
    const place = ops.ceil(ops.multiply(ops.clip(number, 0, 1), thresholds.length - 1));
    return ops.cast(beyond ? ops.maximum(place, 1) : place, 'int32');
  }

  /** How much weight is above each threshold. */
  #above(which: 'yes' | 'no'): Tensor {
    const { thresholds, perLabel } = this.#counting;
    const counts = ops.expandDims(this.#histograms![which], 1);
    const isAbove = thresholds.map((threshold) => {
      const below = thresholds.filter((other) => other < threshold).length;
      return Array.from({ length: thresholds.length + 1 }, (_, i) => i > below);
    });
    const sums = ops.sum(ops.where(tensor(isAbove), counts, 0), { axis: -1 });
    return perLabel ? sums : ops.reshape(sums, [-1]);
  }
}

/** Whether thresholds are as far apart as 0, 1 / (n − 1), 2 / (n − 1), …, 1 in n: then an index is a product. */
function areEven(thresholds: readonly number[], beyond: boolean): boolean {
  const last = thresholds.length - 1;
  return (
    last > 1 &&
    thresholds.every((threshold, i) => {
      const even = i / last;
      const given = beyond ? Math.min(Math.max(threshold, 0), 1) : threshold;
      return Math.abs(given - even) <= 1e-7 + 1e-5 * even;
    })
  );
}

/** 0, 1 / (count − 1), 2 / (count − 1), …, 1; of one threshold 0.5. @internal */
export const evenThresholds = (count: number): number[] =>
  count === 1 ? [0.5] : Array.from({ length: count }, (_, i) => i / (count - 1));

/** The thresholds of options, as a list. @internal */
export function thresholdsOf(
  who: string,
  given: number | readonly number[] | null | undefined,
  byDefault: number,
): readonly number[] {
  if (given == null) return [byDefault];
  const list = [...listOf(given)];
  if (list.length === 0) throw expected(who, 'at least one number for thresholds', given);
  return list.map((threshold) => fraction(who, 'thresholds', threshold));
}
