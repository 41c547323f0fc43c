import { type OptionNames, integer } from '../../base/checks.js';
import { defaultsOf, withDefaults } from '../../base/defaults.js';
import { apply } from '../../core/apply.js';
import type { Sym } from '../../core/sym.js';
import { rounded } from '../../ops/image/images.js';
import { asSym } from '../../ops/composed.js';
import * as ops from '../../ops/index.js';
import { BaseImagePreprocessingLayer, type ImageLayerOptions } from './baseImage.js';
import { valueRangeOf } from './checks.js';
import { inRange } from './draws.js';

/** What `layers.equalization` takes. */
export interface EqualizationOptions extends ImageLayerOptions {
  /** The least and the largest number of a pixel. Default [0, 255]. */
  valueRange?: readonly [least: number, most: number];
  /** Into how many steps the range is divided. Default 256. */
  bins?: number;
}

const DEFAULTS = defaultsOf<EqualizationOptions>()({ bins: 256 });

/** Makes all numbers of images as frequent: made by `layers.equalization`, which says more. */
export class Equalization extends BaseImagePreprocessingLayer<object> {
  static override readonly optionNames = {
    ...BaseImagePreprocessingLayer.optionNames,
    valueRange: 'optional',
    bins: 'optional',
  } satisfies OptionNames<EqualizationOptions>;
  readonly className = 'Equalization';
  /** The least and the largest number of a pixel. */
  readonly valueRange: readonly [number, number];
  /** Into how many steps the range is divided. */
  readonly bins: number;

  constructor(given: EqualizationOptions = {}) {
    super(given);
    const options = withDefaults(given, DEFAULTS);
    this.valueRange = valueRangeOf('equalization', options.valueRange);
    this.bins = integer('equalization', 'bins', options.bins, 2);
  }

  /** @internal */
  override draw(): object {
    return {};
  }

  protected override changeImages(images: Sym): Sym {
    const { valueRange, bins, dataFormat } = this;
    const order = dataFormat === 'channelsLast' ? [3, 0, 1, 2] : [1, 0, 2, 3];
    const planes = ops.transpose(inRange(images, valueRange, [0, 255]), order);
    // [channels, pixels]: as in Keras, the images of a batch share the table of a channel.
    const pixels = ops.reshape(planes, [planes.shape[0]!, -1]);
    const place = (x: Sym): Sym => ops.cast(ops.clip(x, 0, bins - 1), 'int32');
    const counted = ops.bincount(place(ops.divide(ops.multiply(pixels, bins - 1), 255)), { minLength: bins });
    const counts = ops.cast(counted, 'float32');
    const until = ops.cumsum(counts, { axis: 1 });
    // The first number that there is becomes 0.
    const none = ops.equal(until, 0);
    const all = ops.max(until, { axis: 1, keepDims: true });
    const first = ops.min(ops.where(none, all, until), { axis: 1, keepDims: true });
    const rest = ops.subtract(all, first);
    const isFlat = ops.equal(rest, 0);
    const steps = ops.divide(ops.multiply(ops.subtract(until, first), 255), ops.where(isFlat, 1, rest));
    const table = ops.clip(asSym(rounded(steps)), 0, 255);
    const looked = place(ops.multiply(ops.divide(pixels, 255), bins - 1));
    const equal = ops.where(isFlat, pixels, ops.gather(table, looked, { axis: 1, batchDims: 1 }));
    // Back to where the channels were.
    const back = dataFormat === 'channelsLast' ? [1, 2, 3, 0] : [1, 0, 2, 3];
    return inRange(ops.transpose(apply('reshapeLike', [equal, planes]), back), [0, 255], valueRange);
  }

  override getConfig() {
    const { valueRange, bins } = this;
    return { ...super.getConfig(), valueRange, bins };
  }
}

/**
 * While training, replaces the numbers of each channel so that all are about as frequent; the images of a batch share a table, as in Keras.
 * [n, height, width, channels] of any dtype to float32 of that shape. No gradient flows through it.
 * https://keras.io/api/layers/preprocessing_layers/image_augmentation/equalization/
 *
 * @throws EngineError `ARGUMENT` for less than 2 bins and other wrong options; `SHAPE`, when applied, for what are no images.
 * @example layers.equalization({ valueRange: [0, 1] });
 */
export const equalization = (options: EqualizationOptions = {}) => new Equalization(options);
