import { knownOptionsOf } from '../base/checks.js';
import type { Loss } from '../losses/loss.js';
import { LossMetric } from './lossMetric.js';
import type { MetricOptions } from './metric.js';

/** A loss that Keras has as a metric, too. Subclasses say which. */
export abstract class NamedLossMetric<
  O extends MetricOptions = MetricOptions,
  L extends Loss = Loss,
> extends LossMetric {
  declare readonly loss: L;

  /**
   * @param make The loss of options that are known.
   * @param name Where it is not that of the loss: the default name.
   */
  constructor(options: O, make: (options: O) => L, name?: string) {
    knownOptionsOf(new.target, options);
    super(make(options), options.name ?? name, options);
  }

  /** Its name, and what it takes of the loss. */
  override getConfig(): Record<string, unknown> {
    const { optionNames } = this.constructor as typeof NamedLossMetric;
    const taken = Object.entries(this.loss.getConfig()).filter(([option]) => option in optionNames);
    return { ...Object.fromEntries(taken), name: this.name };
  }

  /** A metric of the options that {@link getConfig} gave. */
  static fromConfig(config: Record<string, unknown>): LossMetric {
    return new (this as unknown as new (options: MetricOptions) => LossMetric)(config);
  }
}
