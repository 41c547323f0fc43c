import { knownOptionsOf } from '../base/checks.js';
import { withDefaults } from '../base/defaults.js';
import { type MeanIoUOptions, meanIoUDefaults, meanIoUNames } from './iou.js';
import { IoUBase } from './iouBase.js';
import { classIds } from './classIds.js';

/** The metric that {@link meanIoU} makes. */
export class MeanIoU extends IoUBase {
  static override readonly optionNames: object = meanIoUNames;
  override readonly className = 'MeanIoU';

  constructor(given: MeanIoUOptions) {
    const who = knownOptionsOf(new.target, given);
    const options = withDefaults(given, meanIoUDefaults);
    const targetClassIds = classIds(who, options.numClasses);
    super(who, options, { ...options, targetClassIds });
  }
}

/**
 * The mean over all classes of intersection over union, TP / (TP + FP + FN); otherwise as `metrics.iou`.
 * https://keras.io/api/metrics/segmentation_metrics/#meaniou-class
 *
 * @example
 *     const metric = metrics.meanIoU({ numClasses: 2 });
 *     await metric.updateState([0, 0, 1, 1], [0, 1, 0, 1]);
 *     console.log((await metric.result().item()).toFixed(4)); // 0.3333
 */
export const meanIoU = (options: MeanIoUOptions) => new MeanIoU(options);
