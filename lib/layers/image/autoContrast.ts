import type { OptionNames } from '../../base/checks.js';
import type { Sym } from '../../core/sym.js';
import * as ops from '../../ops/index.js';
import { BaseImagePreprocessingLayer, type ImageLayerOptions } from './baseImage.js';
import { valueRangeOf } from './checks.js';
import { inRange } from './draws.js';

/** What `layers.autoContrast` takes. */
export interface AutoContrastOptions extends ImageLayerOptions {
  /** The least and the largest number of a pixel. Default [0, 255]. */
  valueRange?: readonly [least: number, most: number];
}

/** Gives images the whole range of numbers: made by `layers.autoContrast`, which says more. */
export class AutoContrast extends BaseImagePreprocessingLayer<object> {
  static override readonly optionNames = {
    ...BaseImagePreprocessingLayer.optionNames,
    valueRange: 'optional',
  } satisfies OptionNames<AutoContrastOptions>;
  readonly className = 'AutoContrast';
  /** The least and the largest number of a pixel. */
  readonly valueRange: readonly [number, number];

  constructor(options: AutoContrastOptions = {}) {
    super(options);
    this.valueRange = valueRangeOf('autoContrast', options.valueRange);
  }

  /** @internal */
  override draw(): object {
    return {};
  }

  /** @internal */
  override rest(): object {
    return {};
  }

  protected override changeImages(images: Sym): Sym {
    const bytes = inRange(images, this.valueRange, [0, 255]);
    const axis = this.dataFormat === 'channelsLast' ? [1, 2] : [2, 3];
    const [low, high] = [ops.min(bytes, { axis, keepDims: true }), ops.max(bytes, { axis, keepDims: true })];
    const isFlat = ops.equal(low, high);
    const scale = ops.divide(255, ops.where(isFlat, 1, ops.subtract(high, low)));
    const whole = ops.clip(ops.subtract(ops.multiply(bytes, scale), ops.multiply(low, scale)), 0, 255);
    return ops.where(isFlat, images, inRange(whole, [0, 255], this.valueRange));
  }

  override getConfig() {
    return { ...super.getConfig(), valueRange: this.valueRange };
  }
}

/**
 * Stretches the numbers of each image and channel to the whole range of values, also where nothing trains, as in Keras; those of one number
 * stay. [n, height, width, channels] of any dtype to float32 of that shape.
 * https://keras.io/api/layers/preprocessing_layers/image_augmentation/auto_contrast/
 *
 * @throws EngineError `ARGUMENT` for what are no two numbers; `SHAPE`, when applied, for what are no images.
 * @example layers.autoContrast({ valueRange: [0, 1] });
 */
export const autoContrast = (options: AutoContrastOptions = {}) => new AutoContrast(options);
