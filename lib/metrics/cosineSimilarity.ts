import * as losses from '../losses/index.js';
import type { Sym } from '../core/sym.js';
import * as ops from '../ops/index.js';
import { AxisMetric, type AxisMetricOptions } from './axisMetric.js';

/** The metric that {@link cosineSimilarity} makes. */
export class CosineSimilarity extends AxisMetric {
  override readonly className = 'CosineSimilarity';

  constructor(options: AxisMetricOptions = {}) {
    super(options, 'cosineSimilarity');
  }

  override call(yTrue: Sym, yPred: Sym): Sym {
    return ops.negative(losses.cosineSimilarity({ axis: this.axis }).call(yTrue, yPred));
  }
}

/**
 * The mean cosine of the angle between targets and predictions along an axis: 1 for one direction, 0 for orthogonal vectors, −1 for
 * opposite ones. Targets have the shape of the predictions; any dtype.
 * https://keras.io/api/metrics/regression_metrics/#cosinesimilarity-class
 *
 * @throws EngineError `SHAPE`, from the first step, for targets of another shape.
 * @example model.compile({ loss: 'mse', metrics: [metrics.cosineSimilarity({ axis: 1 })] });
 */
export const cosineSimilarity = (options?: AxisMetricOptions) => new CosineSimilarity(options);
