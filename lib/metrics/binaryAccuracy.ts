import { type OptionNames, finite } from '../base/checks.js';
import { align, lastMean } from '../losses/align.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import { Metric, type MetricOptions, metricNames } from './metric.js';

/** What {@link binaryAccuracy} takes. */
export interface BinaryAccuracyOptions extends MetricOptions {
  /** A prediction above it means 1, any other 0. Default 0.5. */
  threshold?: number;
}

/** The metric that {@link binaryAccuracy} makes. */
export class BinaryAccuracy extends Metric implements BinaryAccuracyOptions {
  static override readonly optionNames: object = {
    ...metricNames,
    threshold: 'optional',
  } satisfies OptionNames<BinaryAccuracyOptions>;
  override readonly className = 'BinaryAccuracy';
  override readonly direction = 'up';
  readonly threshold: number;

  constructor(options: BinaryAccuracyOptions = {}) {
    super(options, 'binaryAccuracy');
    this.threshold = finite('binaryAccuracy', 'threshold', options.threshold ?? 0.5);
  }

  override call(yTrue: Sym, yPred: Sym): Sym {
    const answer = ops.cast(ops.greater(yPred, this.threshold), 'float32');
    return lastMean(ops.equal(answer, align(this.name, yTrue, yPred)));
  }

  override getConfig() {
    return { ...super.getConfig(), threshold: this.threshold };
  }
}

/**
 * The share of yes-or-no answers that are right: a prediction above the threshold means 1, else 0. Targets are 0 or 1 in the shape of
 * the predictions, of which an axis of size 1 at the end may be missing; any dtype.
 * https://keras.io/api/metrics/accuracy_metrics/#binaryaccuracy-class
 *
 * @throws EngineError `SHAPE`, from the first step, for targets of another shape.
 * @example metrics.binaryAccuracy({ threshold: 0 }) // of logits
 */
export const binaryAccuracy = (options?: BinaryAccuracyOptions) => new BinaryAccuracy(options);
