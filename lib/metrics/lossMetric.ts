import { expected } from '../base/checks.js';
import { factoryName } from '../base/names.js';
import { lossConfig } from '../losses/registry.js';
import { Loss } from '../losses/loss.js';
import type { Sym } from '../core/sym.js';
import { Metric, type MetricOptions } from './metric.js';

/**
 * A loss that is watched and not followed. In configurations it is Keras's `MeanMetricWrapper` of the loss.
 *
 * @example new metrics.LossMetric(losses.binaryCrossentropy({ fromLogits: true }), 'entropy')
 */
export class LossMetric extends Metric {
  override readonly className: string = 'MeanMetricWrapper';
  override readonly direction: 'up' | 'down' = 'down';
  /** The loss whose mean is shown. */
  readonly loss: Loss;

  /**
   * @param name The key in logs and in the history. Default: the loss's, such as `meanSquaredError`.
   * @param options What else the class takes.
   */
  constructor(loss: Loss, name?: string, options: MetricOptions = {}) {
    if (!(loss instanceof Loss)) throw expected('lossMetric', 'a loss', loss);
    super({ ...options, name }, factoryName(loss.className));
    this.loss = loss;
  }

  override call(yTrue: Sym, yPred: Sym): Sym {
    return this.loss.call(yTrue, yPred);
  }

  override getConfig(): Record<string, unknown> {
    return { name: this.name, fn: lossConfig(this.loss) };
  }
}
