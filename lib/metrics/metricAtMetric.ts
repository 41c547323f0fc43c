import { integer } from '../base/checks.js';
import type { Tensor } from '../core/tensor.js';
import * as ops from '../ops/index.js';
import { ConfusionMetric, evenThresholds } from './confusionMetric.js';
import { type MetricOptions, metricNames } from './metric.js';

/** What a metric takes that is the best of one number where another is at least a value. */
export interface AtOptions extends MetricOptions {
  /** How many thresholds, from 0 to 1 and as far apart from each other, are tried. Default 200. */
  numThresholds?: number;
  /** The only class that counts, of predictions [n, ..., classes]. Default: all. */
  classId?: number | undefined;
}

/** @internal */
export const atNames = { ...metricNames, numThresholds: 'optional', classId: 'optional' } as const;

/** The best of one number over the thresholds at which another is at least a value. Subclasses say of which. */
export abstract class MetricAtMetric extends ConfusionMetric implements AtOptions {
  override readonly direction = 'up';
  /** How many thresholds are tried. */
  readonly numThresholds: number;
  /** The only class that counts. */
  readonly classId: number | undefined;

  constructor(who: string, options: AtOptions) {
    const numThresholds = integer(who, 'numThresholds', options.numThresholds ?? 200);
    const classId = options.classId == null ? undefined : integer(who, 'classId', options.classId, 0);
    super(options, who, { thresholds: evenThresholds(numThresholds), classId });
    this.numThresholds = numThresholds;
    this.classId = classId;
  }

  /** TP / (TP + FN) at each threshold. */
  protected sensitivity(): Tensor {
    const { truePositives, falseNegatives } = this.counts();
    return ops.divideNoNan(truePositives, ops.add(truePositives, falseNegatives));
  }

  /** TN / (TN + FP) at each threshold. */
  protected specificity(): Tensor {
    const { trueNegatives, falsePositives } = this.counts();
    return ops.divideNoNan(trueNegatives, ops.add(trueNegatives, falsePositives));
  }

  /** TP / (TP + FP) at each threshold. */
  protected precision(): Tensor {
    const { truePositives, falsePositives } = this.counts();
    return ops.divideNoNan(truePositives, ops.add(truePositives, falsePositives));
  }

  /** The largest of the values where others are at least a number; 0 where none are. */
  protected best(values: Tensor, others: Tensor, least: number): Tensor {
    return ops.maximum(ops.max(ops.where(ops.greaterEqual(others, least), values, 0)), 0);
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), numThresholds: this.numThresholds, classId: this.classId };
  }
}
