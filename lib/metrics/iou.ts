import { type OptionNames, knownOptionsOf } from '../base/checks.js';
import { defaultsOf, withDefaults } from '../base/defaults.js';
import { type ClassesOptions, IoUBase, classesDefaults, classesNames } from './iouBase.js';

/** What {@link meanIoU} takes. */
export interface MeanIoUOptions extends ClassesOptions {
  /** Whether targets are class numbers; else the largest along the axis is the class. Default true. */
  sparseYTrue?: boolean;
  /** Whether predictions are class numbers; else the largest along the axis is the class. Default true. */
  sparseYPred?: boolean;
}

/** What {@link iou} takes. */
export interface IoUOptions extends MeanIoUOptions {
  /** The classes of which the mean is taken. */
  targetClassIds: readonly number[];
}

/** @internal */
export const meanIoUDefaults = {
  ...classesDefaults,
  ...defaultsOf<MeanIoUOptions>()({ sparseYTrue: true, sparseYPred: true }),
};

/** @internal */
export const meanIoUNames = {
  ...classesNames,
  sparseYTrue: 'boolean',
  sparseYPred: 'boolean',
} satisfies OptionNames<MeanIoUOptions>;

/** The metric that {@link iou} makes. */
export class IoU extends IoUBase {
  static override readonly optionNames: object = {
    ...meanIoUNames,
    targetClassIds: 'required',
  } satisfies OptionNames<IoUOptions>;
  override readonly className = 'IoU';

  constructor(given: IoUOptions) {
    const who = knownOptionsOf(new.target, given);
    const options = withDefaults(given, meanIoUDefaults);
    super(who, options, options);
  }
}

/**
 * The mean over given classes of intersection over union, TP / (TP + FP + FN), of the places where a class is right and where it is
 * predicted. Classes without a place do not count. Targets and predictions are class numbers [n, ...], in any dtype, or a number for each
 * class along an axis. https://keras.io/api/metrics/segmentation_metrics/#iou-class
 *
 * @example
 *     const metric = metrics.iou({ numClasses: 2, targetClassIds: [0] });
 *     await metric.updateState([0, 0, 1, 1], [0, 1, 0, 1]);
 *     console.log((await metric.result().item()).toFixed(4)); // 0.3333
 */
export const iou = (options: IoUOptions) => new IoU(options);
