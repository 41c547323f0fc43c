import { align } from '../losses/align.js';
import type { Sym } from '../core/sym.js';
import * as ops from '../ops/index.js';
import { AxisMetric, type AxisMetricOptions } from './axisMetric.js';

/** The metric that {@link concordanceCorrelation} makes. */
export class ConcordanceCorrelation extends AxisMetric {
  override readonly className = 'ConcordanceCorrelation';

  constructor(options: AxisMetricOptions = {}) {
    super(options, 'concordanceCorrelation');
  }

  override call(yTrue: Sym, yPred: Sym): Sym {
    const { axis } = this;
    const mean = (x: Sym) => ops.mean(x, { axis, keepDims: true });
    const target = align(this.name, yTrue, yPred);
    const [targetMean, predictedMean] = [mean(target), mean(yPred)];
    const variance = (x: Sym, centre: Sym) => mean(ops.square(ops.subtract(x, centre)));
    const variances = ops.add(variance(target, targetMean), variance(yPred, predictedMean));
    const norm = ops.add(variances, ops.square(ops.subtract(targetMean, predictedMean)));
    // Deviations from one mean, which sum up to the covariance, too: Keras's formula.
    const products = ops.multiply(ops.subtract(target, predictedMean), ops.subtract(yPred, predictedMean));
    return ops.mean(ops.divide(ops.multiply(products, 2), ops.add(norm, 1e-7)), { axis });
  }
}

/**
 * The mean of Lin's concordance correlation of targets and predictions along an axis, from −1 to 1: 1 where both are equal.
 * https://keras.io/api/metrics/regression_metrics/#concordancecorrelation-class
 *
 * @throws EngineError `SHAPE`, from the first step, for targets of another shape than the predictions.
 * @example model.compile({ loss: 'mse', metrics: [metrics.concordanceCorrelation()] });
 */
export const concordanceCorrelation = (options?: AxisMetricOptions) => new ConcordanceCorrelation(options);
