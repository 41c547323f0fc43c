import type { OptionNames } from '../base/checks.js';
import * as losses from '../losses/index.js';
import { type MetricOptions, metricNames } from './metric.js';
import { NamedLossMetric } from './namedLossMetric.js';

/** What {@link binaryCrossentropy} takes. */
export interface BinaryCrossentropyOptions extends MetricOptions {
  /** Whether the model puts out logits, any numbers, instead of probabilities. Default false. */
  fromLogits?: boolean;
  /** The share of the targets that is spread evenly over yes and no, from 0 to 1. Default 0. */
  labelSmoothing?: number;
}

/** The metric that {@link binaryCrossentropy} makes. */
export class BinaryCrossentropy
  extends NamedLossMetric<BinaryCrossentropyOptions, losses.BinaryCrossentropy>
  implements BinaryCrossentropyOptions
{
  static override readonly optionNames: object = {
    ...metricNames,
    fromLogits: 'boolean',
    labelSmoothing: 'optional',
  } satisfies OptionNames<BinaryCrossentropyOptions>;
  /** Other names for it. */
  static readonly aliases = ['bce'] as const;
  override readonly className = 'BinaryCrossentropy';

  constructor(options: BinaryCrossentropyOptions = {}) {
    super(options, ({ fromLogits, labelSmoothing }) =>
      losses.binaryCrossentropy({ fromLogits, labelSmoothing }),
    );
  }

  get fromLogits(): boolean {
    return this.loss.fromLogits;
  }

  get labelSmoothing(): number {
    return this.loss.labelSmoothing;
  }
}

/**
 * The cross-entropy of yes-or-no targets with probabilities: `losses.binaryCrossentropy` as a metric, which is watched and not followed.
 * https://keras.io/api/metrics/probabilistic_metrics/#binarycrossentropy-class
 *
 * @example model.compile({ loss: 'mse', metrics: [metrics.binaryCrossentropy({ fromLogits: true })] });
 */
export const binaryCrossentropy = (options?: BinaryCrossentropyOptions) => new BinaryCrossentropy(options);
