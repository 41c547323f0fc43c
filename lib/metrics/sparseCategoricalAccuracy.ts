import { classNumbers } from '../losses/align.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import { Metric, type MetricOptions } from './metric.js';

/** The metric that {@link sparseCategoricalAccuracy} makes. */
export class SparseCategoricalAccuracy extends Metric {
  override readonly className = 'SparseCategoricalAccuracy';
  override readonly direction = 'up';

  constructor(options: MetricOptions = {}) {
    super(options, 'sparseCategoricalAccuracy');
  }

  override call(yTrue: Sym, yPred: Sym): Sym {
    const wanted = ops.cast(classNumbers(this.name, yTrue, yPred), 'int32');
    return ops.equal(ops.argmax(yPred, { axis: -1 }), wanted);
  }
}

/**
 * The share of class numbers at which the prediction is largest along the last axis. Predictions are [n, ..., classes]; targets
 * [n, ...] or [n, ..., 1], whole numbers in any dtype.
 * https://keras.io/api/metrics/accuracy_metrics/#sparsecategoricalaccuracy-class
 *
 * @throws EngineError `SHAPE`, from the first step, for targets of another shape.
 * @example model.compile({ loss: 'sparseCategoricalCrossentropy', metrics: [metrics.sparseCategoricalAccuracy()] });
 */
export const sparseCategoricalAccuracy = (options?: MetricOptions) => new SparseCategoricalAccuracy(options);
