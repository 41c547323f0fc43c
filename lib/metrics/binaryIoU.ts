import { type OptionNames, finite, knownOptionsOf } from '../base/checks.js';
import type { Sym } from '../core/sym.js';
import * as ops from '../ops/index.js';
import { type BaseIoUOptions, IoUBase, classesDefaults } from './iouBase.js';
import { type MetricValues, metricNames } from './metric.js';

/** What {@link binaryIoU} takes. */
export interface BinaryIoUOptions extends BaseIoUOptions {
  /** The classes of which the mean is taken: 0, 1 or both. Default [0, 1]. */
  targetClassIds?: readonly number[];
  /** A prediction of at least this means 1. Default 0.5. */
  threshold?: number;
}

/** The metric that {@link binaryIoU} makes. */
export class BinaryIoU extends IoUBase implements BinaryIoUOptions {
  static override readonly optionNames: object = {
    ...metricNames,
    targetClassIds: 'optional',
    threshold: 'optional',
  } satisfies OptionNames<BinaryIoUOptions>;
  override readonly className = 'BinaryIoU';
  /** The classes of which the mean is taken. */
  readonly targetClassIds: readonly number[];
  /** A prediction of at least this means 1. */
  readonly threshold: number;

  constructor(options: BinaryIoUOptions = {}) {
    const who = knownOptionsOf(new.target, options);
    const { targetClassIds = [0, 1], threshold = 0.5 } = options;
    super(who, options, {
      ...{ ...classesDefaults, numClasses: 2, targetClassIds },
      ...{ sparseYTrue: true, sparseYPred: true },
    });
    this.targetClassIds = targetClassIds;
    this.threshold = finite(who, 'threshold', threshold);
  }

  override updateState(yTrue: MetricValues, yPred: MetricValues, sampleWeight?: MetricValues): unknown {
    const yes = ops.cast(ops.greaterEqual(yPred as Sym, this.threshold), 'int32');
    return super.updateState(yTrue, yes, sampleWeight);
  }

  override getConfig() {
    const { targetClassIds, threshold } = this;
    return { ...super.getConfig(), targetClassIds, threshold };
  }
}

/**
 * The mean over no and yes, or one of them, of intersection over union, TP / (TP + FP + FN). Targets are 0 or 1 in the shape of the
 * predictions, any dtype. https://keras.io/api/metrics/segmentation_metrics/#binaryiou-class
 *
 * @example
 *     const metric = metrics.binaryIoU({ threshold: 0.3 });
 *     await metric.updateState([0, 1, 0, 1], [0.1, 0.2, 0.4, 0.7]);
 *     console.log((await metric.result().item()).toFixed(4)); // 0.3333
 */
export const binaryIoU = (options?: BinaryIoUOptions) => new BinaryIoU(options);
