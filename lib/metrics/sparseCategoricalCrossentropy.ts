import type { OptionNames } from '../base/checks.js';
import * as losses from '../losses/index.js';
import { type MetricOptions, metricNames } from './metric.js';
import { NamedLossMetric } from './namedLossMetric.js';

/** What {@link sparseCategoricalCrossentropy} takes. */
export interface SparseCategoricalCrossentropyOptions extends MetricOptions {
  /** Whether the model puts out logits, any numbers, instead of probabilities. Default false. */
  fromLogits?: boolean;
}

/** The metric that {@link sparseCategoricalCrossentropy} makes. */
export class SparseCategoricalCrossentropy
  extends NamedLossMetric<SparseCategoricalCrossentropyOptions>
  implements SparseCategoricalCrossentropyOptions
{
  static override readonly optionNames: object = {
    ...metricNames,
    fromLogits: 'boolean',
  } satisfies OptionNames<SparseCategoricalCrossentropyOptions>;
  override readonly className = 'SparseCategoricalCrossentropy';
  readonly fromLogits: boolean;

  constructor(options: SparseCategoricalCrossentropyOptions = {}) {
    super(options, ({ fromLogits }) => losses.sparseCategoricalCrossentropy({ fromLogits }));
    this.fromLogits = options.fromLogits ?? false;
  }

  override getConfig() {
    return { ...super.getConfig(), fromLogits: this.fromLogits };
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
