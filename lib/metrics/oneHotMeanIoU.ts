import { knownOptionsOf } from '../base/checks.js';
import { withDefaults } from '../base/defaults.js';
import { classIds } from './classIds.js';
import { IoUBase } from './iouBase.js';
import { type OneHotMeanIoUOptions, oneHotMeanIoUDefaults, oneHotMeanIoUNames } from './oneHotIoU.js';

/** The metric that {@link oneHotMeanIoU} makes. */
export class OneHotMeanIoU extends IoUBase {
  static override readonly optionNames: object = oneHotMeanIoUNames;
  override readonly className = 'OneHotMeanIoU';

  constructor(given: OneHotMeanIoUOptions) {
    const who = knownOptionsOf(new.target, given);
    const options = withDefaults(given, oneHotMeanIoUDefaults);
    const targetClassIds = classIds(who, options.numClasses);
    super(who, options, { ...options, targetClassIds, sparseYTrue: false });
  }
}

/**
 * As `metrics.meanIoU`, for one-hot targets and a number for each class as predictions, [n, ..., classes].
 * https://keras.io/api/metrics/segmentation_metrics/#onehotmeaniou-class
 *
 * @example
 *     const metric = metrics.oneHotMeanIoU({ numClasses: 2 });
 *     await metric.updateState([[1, 0], [1, 0], [0, 1], [0, 1]], [[0.8, 0.2], [0.3, 0.7], [0.6, 0.4], [0.1, 0.9]]);
 *     console.log((await metric.result().item()).toFixed(4)); // 0.3333
 */
export const oneHotMeanIoU = (options: OneHotMeanIoUOptions) => new OneHotMeanIoU(options);
