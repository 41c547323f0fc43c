import { align } from '../losses/align.js';
import type { Sym } from '../core/sym.js';
import * as ops from '../ops/index.js';
import { AxisMetric, type AxisMetricOptions } from './axisMetric.js';

/** The metric that {@link pearsonCorrelation} makes. */
export class PearsonCorrelation extends AxisMetric {
  override readonly className = 'PearsonCorrelation';

  constructor(options: AxisMetricOptions = {}) {
    super(options, 'pearsonCorrelation');
  }

  override call(yTrue: Sym, yPred: Sym): Sym {
    const { axis } = this;
    const centred = (x: Sym) => ops.subtract(x, ops.mean(x, { axis, keepDims: true }));
    const standard = (x: Sym) => {
      const deviation = centred(x);
      return ops.divide(
        deviation,
        ops.sqrt(ops.mean(ops.square(centred(deviation)), { axis, keepDims: true })),
      );
    };
    const target = align(this.name, yTrue, yPred);
    return ops.mean(ops.multiply(standard(target), standard(yPred)), { axis });
  }
}

/**
 * The mean of Pearson's correlation of targets and predictions along an axis, from −1 to 1: 1 where one is a rising line of the other. NaN
 * where all numbers of one are equal. https://keras.io/api/metrics/regression_metrics/#pearsoncorrelation-class
 *
 * @throws EngineError `SHAPE`, from the first step, for targets of another shape than the predictions.
 * @example model.compile({ loss: 'mse', metrics: [metrics.pearsonCorrelation()] });
 */
export const pearsonCorrelation = (options?: AxisMetricOptions) => new PearsonCorrelation(options);
