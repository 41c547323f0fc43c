import type { OptionNames } from '../../base/checks.js';
import type { Operand } from '../../core/apply.js';
import type { Sym } from '../../core/sym.js';
import { asSym } from '../../ops/composed.js';
import { hsvToRgb, rgbToHsv } from '../../ops/image/color.js';
import { channelAxis } from '../../ops/image/images.js';
import * as ops from '../../ops/index.js';
import { BaseRandomImageLayer, type RandomImageOptions } from './baseRandomImage.js';
import { type Factor, SHARE, factorRange, valueRangeOf } from './checks.js';
import { type Draws, perImage } from './draws.js';

/** What `layers.randomSaturation` takes. */
export interface RandomSaturationOptions extends RandomImageOptions {
  /** How strong colours become, from 0 (gray) over 0.5 (as they are) to 1: the least and the most, or one number f for 0 and f. */
  factor: Factor;
  /** The least and the largest number of a pixel: what saturation is cut off at, as in Keras. Default [0, 255]. */
  valueRange?: readonly [least: number, most: number];
}

/** What {@link RandomSaturation} draws. */
export interface Saturations {
  /** What saturation is multiplied by: float32 [n]. */
  readonly factor: Operand;
}

/** Changes how strong the colours of images are: made by `layers.randomSaturation`, which says more. */
export class RandomSaturation extends BaseRandomImageLayer<Saturations> {
  static override readonly optionNames = {
    ...BaseRandomImageLayer.optionNames,
    factor: 'required',
    valueRange: 'optional',
  } satisfies OptionNames<RandomSaturationOptions>;
  readonly className = 'RandomSaturation';
  /** The least and the largest strength. */
  readonly factor: readonly [number, number];
  /** The least and the largest number of a pixel. */
  readonly valueRange: readonly [number, number];

  constructor(options: RandomSaturationOptions) {
    super(options);
    this.factor = factorRange('randomSaturation', 'factor', options.factor, SHARE);
    this.valueRange = valueRangeOf('randomSaturation', options.valueRange);
  }

  /** @internal */
  override draw(draws: Draws): Saturations {
    const strength = draws.uniform(this.factor);
    // Keras's epsilon keeps the division from one by 0.
    return { factor: ops.divide(strength, ops.add(ops.subtract(1, strength), 1e-7)) };
  }

  protected override changeImages(images: Sym, { factor }: Saturations): Sym {
    const { dataFormat, valueRange } = this;
    const axis = channelAxis(dataFormat);
    const [hue, saturation, value] = ops.split(rgbToHsv(images, { dataFormat }), 3, { axis }) as [
      Sym,
      Sym,
      Sym,
    ];
    const changed = ops.clip(ops.multiply(saturation, perImage(asSym(factor))), ...valueRange);
    return hsvToRgb(ops.concatenate([hue, changed, value], { axis }), { dataFormat });
  }

  override getConfig() {
    const { factor, valueRange } = this;
    return { ...super.getConfig(), factor, valueRange };
  }
}

/**
 * While training, multiplies the saturation of each image by another number, f / (1 − f) for a strength f:
 * [n, height, width, 3] of any dtype to float32 of that shape.
 * https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_saturation/
 *
 * @throws EngineError `ARGUMENT` for strengths that are not from 0 to 1 and other wrong options; `SHAPE`, when applied, for what are no images of 3 channels.
 * @example layers.randomSaturation({ factor: [0.3, 0.7] });
 */
export const randomSaturation = (options: RandomSaturationOptions) => new RandomSaturation(options);
