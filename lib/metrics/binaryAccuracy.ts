import { align, lastMean } from '../losses/align.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../sym.js';
import { Metric, type MetricOptions } from './metric.js';

/** The share of yes-or-no answers that are right. https://keras.io/api/metrics/accuracy_metrics/#binaryaccuracy-class */
export class BinaryAccuracy extends Metric {
  readonly name: string;
  readonly threshold: number;

  /** @param options `threshold`: above it a prediction means 1. Default 0.5. */
  constructor(options: MetricOptions & { threshold?: number } = {}) {
    super();
    this.name = options.name ?? 'binaryAccuracy';
    this.threshold = options.threshold ?? 0.5;
  }

  call(yTrue: Sym, yPred: Sym): Sym {
    const answer = ops.cast(ops.greater(yPred, this.threshold), 'float32');
    return lastMean(ops.equal(answer, align(this.name, yTrue, yPred)));
  }
}
