import { type OptionNames, knownOptionsOf } from '../base/checks.js';
import { defaultsOf, withDefaults } from '../base/defaults.js';
import { type ClassesOptions, IoUBase, classesDefaults, classesNames } from './iouBase.js';

/** What {@link oneHotMeanIoU} takes. */
export interface OneHotMeanIoUOptions extends ClassesOptions {
  /** Whether predictions are class numbers; else the largest along the axis is the class. Default false. */
  sparseYPred?: boolean;
}

/** What {@link oneHotIoU} takes. */
export interface OneHotIoUOptions extends OneHotMeanIoUOptions {
  /** The classes of which the mean is taken. */
  targetClassIds: readonly number[];
}

/** @internal */
export const oneHotMeanIoUDefaults = {
  ...classesDefaults,
  ...defaultsOf<OneHotMeanIoUOptions>()({ sparseYPred: false }),
};

/** @internal */
export const oneHotMeanIoUNames = {
  ...classesNames,
  sparseYPred: 'boolean',
} satisfies OptionNames<OneHotMeanIoUOptions>;

/** The metric that {@link oneHotIoU} makes. */
export class OneHotIoU extends IoUBase {
  static override readonly optionNames: object = {
    ...oneHotMeanIoUNames,
    targetClassIds: 'required',
  } satisfies OptionNames<OneHotIoUOptions>;
  override readonly className = 'OneHotIoU';

  constructor(given: OneHotIoUOptions) {
    const who = knownOptionsOf(new.target, given);
    const options = withDefaults(given, oneHotMeanIoUDefaults);
    super(who, options, { ...options, sparseYTrue: false });
  }
}

/**
 * As `metrics.iou`, for one-hot targets and a number for each class as predictions, [n, ..., classes].
 * https://keras.io/api/metrics/segmentation_metrics/#onehotiou-class
 *
 * @example
 *     const metric = metrics.oneHotIoU({ numClasses: 2, targetClassIds: [0] });
 *     await metric.updateState([[1, 0], [1, 0], [0, 1], [0, 1]], [[0.8, 0.2], [0.3, 0.7], [0.6, 0.4], [0.1, 0.9]]);
 *     console.log((await metric.result().item()).toFixed(4)); // 0.3333
 */
export const oneHotIoU = (options: OneHotIoUOptions) => new OneHotIoU(options);
