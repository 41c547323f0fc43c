import type { OptionNames } from '../base/checks.js';
import * as losses from '../losses/index.js';
import { type MetricOptions, metricNames } from './metric.js';
import { NamedLossMetric } from './namedLossMetric.js';

/** What {@link categoricalCrossentropy} takes. */
export interface CategoricalCrossentropyOptions extends MetricOptions {
  /** Whether the model puts out logits, any numbers, instead of probabilities. Default false. */
  fromLogits?: boolean;
  /** The share of the targets that is spread evenly over all classes, from 0 to 1. Default 0. */
  labelSmoothing?: number;
  /** The axis of the classes; negative ones count from the end. Default -1. */
  axis?: number;
}

/** The metric that {@link categoricalCrossentropy} makes. */
export class CategoricalCrossentropy
  extends NamedLossMetric<CategoricalCrossentropyOptions, losses.CategoricalCrossentropy>
  implements CategoricalCrossentropyOptions
{
  static override readonly optionNames: object = {
    ...metricNames,
    fromLogits: 'boolean',
    labelSmoothing: 'optional',
    axis: 'optional',
  } satisfies OptionNames<CategoricalCrossentropyOptions>;
  override readonly className = 'CategoricalCrossentropy';

  constructor(options: CategoricalCrossentropyOptions = {}) {
    super(options, ({ fromLogits, labelSmoothing, axis }) =>
      losses.categoricalCrossentropy({ fromLogits, labelSmoothing, axis }),
    );
  }

  get fromLogits(): boolean {
    return this.loss.fromLogits;
  }

  get labelSmoothing(): number {
    return this.loss.labelSmoothing;
  }

  get axis(): number {
    return this.loss.axis;
  }
}

/**
 * The cross-entropy of one-hot targets with probabilities: `losses.categoricalCrossentropy` as a metric, which is watched and not followed.
 * https://keras.io/api/metrics/probabilistic_metrics/#categoricalcrossentropy-class
 *
 * @example model.compile({ loss: 'mse', metrics: [metrics.categoricalCrossentropy({ fromLogits: true })] });
 */
export const categoricalCrossentropy = (options?: CategoricalCrossentropyOptions) =>
  new CategoricalCrossentropy(options);
