import { type OptionNames, integer, knownOptionsOf } from '../base/checks.js';
import { align } from '../losses/align.js';
import type { Sym } from '../core/sym.js';
import * as ops from '../ops/index.js';
import { Metric, type MetricOptions, metricNames } from './metric.js';

/** What {@link topKCategoricalAccuracy} takes. */
export interface TopKOptions extends MetricOptions {
  /** Among how many of the largest predictions the right one has to be. Default 5. */
  k?: number;
}

/** The metric that {@link topKCategoricalAccuracy} makes. */
export class TopKCategoricalAccuracy extends Metric implements TopKOptions {
  static override readonly optionNames: object = {
    ...metricNames,
    k: 'optional',
  } satisfies OptionNames<TopKOptions>;
  override readonly className = 'TopKCategoricalAccuracy';
  override readonly direction = 'up';
  /** Among how many of the largest predictions the right one has to be. */
  readonly k: number;

  constructor(options: TopKOptions = {}) {
    const who = knownOptionsOf(new.target, options);
    super(options, 'topKCategoricalAccuracy');
    this.k = integer(who, 'k', options.k ?? 5);
  }

  override call(yTrue: Sym, yPred: Sym): Sym {
    const labels = ops.argmax(align(this.name, yTrue, yPred), { axis: -1 });
    return ops.cast(ops.inTopK(labels, yPred, this.k), 'float32');
  }

  override getConfig() {
    return { ...super.getConfig(), k: this.k };
  }
}

/**
 * The share of one-hot targets whose 1 is where one of the k largest predictions of the row is. Targets have the shape of the
 * predictions, [n, ..., classes]; any dtype. https://keras.io/api/metrics/accuracy_metrics/#topkcategoricalaccuracy-class
 *
 * @throws EngineError `SHAPE`, from the first step, for targets of another shape.
 * @example model.compile({ loss: 'categoricalCrossentropy', metrics: [metrics.topKCategoricalAccuracy({ k: 3 })] });
 */
export const topKCategoricalAccuracy = (options?: TopKOptions) => new TopKCategoricalAccuracy(options);
