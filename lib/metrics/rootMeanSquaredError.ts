import { align } from '../losses/align.js';
import type { Sym } from '../core/sym.js';
import * as ops from '../ops/index.js';
import { Metric, type MetricOptions } from './metric.js';

/** The metric that {@link rootMeanSquaredError} makes. */
export class RootMeanSquaredError extends Metric {
  override readonly className = 'RootMeanSquaredError';
  override readonly direction = 'down';

  constructor(options: MetricOptions = {}) {
    super(options, 'rootMeanSquaredError');
  }

  override call(yTrue: Sym, yPred: Sym): Sym {
    return ops.square(ops.subtract(yPred, align(this.name, yTrue, yPred)));
  }

  override result() {
    return ops.sqrt(super.result());
  }
}

/**
 * The root of the mean of (yTrue − yPred)². Targets have the shape of the predictions, of which an axis of size 1 at the end may be
 * missing; any dtype. https://keras.io/api/metrics/regression_metrics/#rootmeansquarederror-class
 *
 * @throws EngineError `SHAPE`, from the first step, for targets of another shape.
 * @example model.compile({ loss: 'mse', metrics: [metrics.rootMeanSquaredError({ name: 'rmse' })] });
 */
export const rootMeanSquaredError = (options?: MetricOptions) => new RootMeanSquaredError(options);
