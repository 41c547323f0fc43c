import { align, lastMean } from '../losses/align.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import { Metric, type MetricOptions } from './metric.js';

/** The metric that {@link accuracy} makes. */
export class Accuracy extends Metric {
  override readonly className = 'Accuracy';
  override readonly direction = 'up';

  constructor(options: MetricOptions = {}) {
    super(options, 'accuracy');
  }

  override call(yTrue: Sym, yPred: Sym): Sym {
    return lastMean(ops.equal(align(this.name, yTrue, yPred), yPred));
  }
}

/**
 * The share of predictions that equal their targets. Targets have the shape of the predictions, of which an axis of size 1 at the end
 * may be missing; any dtype. For classes take the form that fits the output, such as `categoricalAccuracy`, or the name
 * `'accuracy'`, which chooses it by the shapes. https://keras.io/api/metrics/accuracy_metrics/#accuracy-class
 *
 * @throws EngineError `SHAPE`, from the first step, for targets of another shape.
 * @example model.compile({ loss: 'mse', metrics: [metrics.accuracy({ name: 'exact' })] });
 */
export const accuracy = (options?: MetricOptions) => new Accuracy(options);
