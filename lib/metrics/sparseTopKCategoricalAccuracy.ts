import { type OptionNames, integer, knownOptionsOf } from '../base/checks.js';
import { lastOf } from '../base/list.js';
import { classNumbers } from '../losses/align.js';
import type { Sym } from '../core/sym.js';
import * as ops from '../ops/index.js';
import { Metric, metricNames } from './metric.js';
import type { TopKOptions } from './topKCategoricalAccuracy.js';

/** What {@link sparseTopKCategoricalAccuracy} takes. */
export interface SparseTopKOptions extends TopKOptions {
  /** Whether predictions are class numbers, the most likely one first, instead of a number for each class. Default false. */
  fromSortedIds?: boolean;
}

/** The metric that {@link sparseTopKCategoricalAccuracy} makes. */
export class SparseTopKCategoricalAccuracy extends Metric implements SparseTopKOptions {
  static override readonly optionNames: object = {
    ...metricNames,
    k: 'optional',
    fromSortedIds: 'boolean',
  } satisfies OptionNames<SparseTopKOptions>;
  override readonly className = 'SparseTopKCategoricalAccuracy';
  override readonly direction = 'up';
  /** Among how many of the largest predictions the right one has to be. */
  readonly k: number;
  /** Whether predictions are class numbers, the most likely one first. */
  readonly fromSortedIds: boolean;

  constructor(options: SparseTopKOptions = {}) {
    const who = knownOptionsOf(new.target, options);
    super(options, 'sparseTopKCategoricalAccuracy');
    this.k = integer(who, 'k', options.k ?? 5);
    this.fromSortedIds = options.fromSortedIds ?? false;
  }

  override call(yTrue: Sym, yPred: Sym): Sym {
    const labels = ops.cast(classNumbers(this.name, yTrue, yPred), 'int32');
    if (!this.fromSortedIds) return ops.cast(ops.inTopK(labels, yPred, this.k), 'float32');
    const shown = Math.min(this.k, lastOf(yPred.shape));
    const first = ops.gather(
      yPred,
      Array.from({ length: shown }, (_, i) => i),
      { axis: -1 },
    );
    const hits = ops.equal(ops.expandDims(labels, -1), ops.cast(first, 'int32'));
    return ops.max(ops.cast(hits, 'float32'), { axis: -1 });
  }

  override getConfig() {
    return { ...super.getConfig(), k: this.k, fromSortedIds: this.fromSortedIds };
  }
}

/**
 * The share of class numbers that are among the k largest predictions of the row. Predictions are [n, ..., classes]; targets [n, ...]
 * or [n, ..., 1], whole numbers in any dtype.
 * https://keras.io/api/metrics/accuracy_metrics/#sparsetopkcategoricalaccuracy-class
 *
 * @throws EngineError `SHAPE`, from the first step, for targets of another shape.
 * @example model.compile({ loss: 'sparseCategoricalCrossentropy', metrics: [metrics.sparseTopKCategoricalAccuracy({ k: 3 })] });
 */
export const sparseTopKCategoricalAccuracy = (options?: SparseTopKOptions) =>
  new SparseTopKCategoricalAccuracy(options);
