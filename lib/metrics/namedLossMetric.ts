import { knownOptionsOf } from '../base/checks.js';
import type { Loss } from '../losses/loss.js';
import { LossMetric } from './lossMetric.js';
import type { MetricOptions } from './metric.js';

/** A loss that Keras has as a metric, too. Subclasses say which. */
export abstract class NamedLossMetric extends LossMetric {
  constructor(loss: Loss, options: MetricOptions) {
    knownOptionsOf(new.target, options);
    super(loss, options.name);
  }

  override getConfig() {
    return { name: this.name };
  }

  /** A metric of the options that {@link getConfig} gave. */
  static override fromConfig(config: Record<string, unknown>): LossMetric {
    return new (this as unknown as new (options: MetricOptions) => LossMetric)(config);
  }
}
