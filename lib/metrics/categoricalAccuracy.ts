import { align } from '../losses/align.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import { Metric, type MetricOptions } from './metric.js';

/** The metric that {@link categoricalAccuracy} makes. */
export class CategoricalAccuracy extends Metric {
  override readonly className = 'CategoricalAccuracy';
  override readonly direction = 'up';

  constructor(options: MetricOptions = {}) {
    super(options, 'categoricalAccuracy');
  }

  override call(yTrue: Sym, yPred: Sym): Sym {
    const wanted = ops.argmax(align(this.name, yTrue, yPred), { axis: -1 });
    return ops.equal(ops.argmax(yPred, { axis: -1 }), wanted);
  }
}

/**
 * The share of one-hot targets whose 1 is where the prediction is largest along the last axis. Targets have the shape of the
 * predictions, [n, ..., classes]; any dtype. https://keras.io/api/metrics/accuracy_metrics/#categoricalaccuracy-class
 *
 * @throws EngineError `SHAPE`, from the first step, for targets of another shape.
 * @example model.compile({ loss: 'categoricalCrossentropy', metrics: [metrics.categoricalAccuracy()] });
 */
export const categoricalAccuracy = (options?: MetricOptions) => new CategoricalAccuracy(options);
