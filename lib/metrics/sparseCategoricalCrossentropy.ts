import type { OptionNames } from '../base/checks.js';
import * as losses from '../losses/index.js';
import { type MetricOptions, metricNames } from './metric.js';
import { NamedLossMetric } from './namedLossMetric.js';

/** What {@link sparseCategoricalCrossentropy} takes. */
export interface SparseCategoricalCrossentropyOptions extends MetricOptions {
  /** Whether the model puts out logits, any numbers, instead of probabilities. Default false. */
  fromLogits?: boolean;
  /** The class number whose loss is 0, and which does not count where samples have weights. null: none. Default null. */
  ignoreClass?: number | null;
  /** The axis of the classes; negative ones count from the end. Default -1. */
  axis?: number;
}

/** The metric that {@link sparseCategoricalCrossentropy} makes. */
export class SparseCategoricalCrossentropy
  extends NamedLossMetric<SparseCategoricalCrossentropyOptions, losses.SparseCategoricalCrossentropy>
  implements SparseCategoricalCrossentropyOptions
{
  static override readonly optionNames: object = {
    ...metricNames,
    fromLogits: 'boolean',
    ignoreClass: 'optional',
    axis: 'optional',
  } satisfies OptionNames<SparseCategoricalCrossentropyOptions>;
  override readonly className = 'SparseCategoricalCrossentropy';

  constructor(options: SparseCategoricalCrossentropyOptions = {}) {
    super(options, ({ fromLogits, ignoreClass, axis }) =>
      losses.sparseCategoricalCrossentropy({ fromLogits, ignoreClass, axis }),
    );
  }

  get fromLogits(): boolean {
    return this.loss.fromLogits;
  }

  get ignoreClass(): number | null {
    return this.loss.ignoreClass;
  }

  get axis(): number {
    return this.loss.axis;
  }
}

/**
 * The cross-entropy of class numbers with probabilities: `losses.sparseCategoricalCrossentropy` as a metric, which is watched and not followed.
 * https://keras.io/api/metrics/probabilistic_metrics/#sparsecategoricalcrossentropy-class
 *
 * @example model.compile({ loss: ownLoss, metrics: [metrics.sparseCategoricalCrossentropy()] });
 */
export const sparseCategoricalCrossentropy = (options?: SparseCategoricalCrossentropyOptions) =>
  new SparseCategoricalCrossentropy(options);
