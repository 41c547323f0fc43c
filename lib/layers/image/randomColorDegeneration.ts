import type { OptionNames } from '../../base/checks.js';
import type { Operand } from '../../core/apply.js';
import type { Sym } from '../../core/sym.js';
import { asSym } from '../../ops/composed.js';
import { rgbToGrayscale } from '../../ops/image/color.js';
import * as ops from '../../ops/index.js';
import { BaseRandomImageLayer, type RandomImageOptions } from './baseRandomImage.js';
import { type Factor, factorRange, valueRangeOf } from './checks.js';
import { type Draws, perImage } from './draws.js';

/** What `layers.randomColorDegeneration` takes. */
export interface RandomColorDegenerationOptions extends RandomImageOptions {
  /** How much of its colour an image loses, from -1 to 1, which is gray: the least and the most, or one number f for -f and f. */
  factor: Factor;
  /** The least and the largest number of a pixel: others are cut off. Default [0, 255]. */
  valueRange?: readonly [least: number, most: number];
}

/** What {@link RandomColorDegeneration} draws. */
export interface Degenerations {
  /** How much of its colour an image loses: float32 [n]. */
  readonly factor: Operand;
}

/** Takes colour from images: made by `layers.randomColorDegeneration`, which says more. */
export class RandomColorDegeneration extends BaseRandomImageLayer<Degenerations> {
  static override readonly optionNames = {
    ...BaseRandomImageLayer.optionNames,
    factor: 'required',
    valueRange: 'optional',
  } satisfies OptionNames<RandomColorDegenerationOptions>;
  readonly className = 'RandomColorDegeneration';
  /** How much of its colour an image loses at least and at most. */
  readonly factor: readonly [number, number];
  /** The least and the largest number of a pixel. */
  readonly valueRange: readonly [number, number];

  constructor(options: RandomColorDegenerationOptions) {
    super(options);
    this.factor = factorRange('randomColorDegeneration', 'factor', options.factor, { least: -1, most: 1 });
    this.valueRange = valueRangeOf('randomColorDegeneration', options.valueRange);
  }

  /** @internal */
  override draw(draws: Draws): Degenerations {
    return { factor: draws.uniform(this.factor) };
  }

  protected override changeImages(images: Sym, { factor }: Degenerations): Sym {
    const gray = rgbToGrayscale(images, { dataFormat: this.dataFormat });
    const changed = ops.add(images, ops.multiply(perImage(asSym(factor)), ops.subtract(gray, images)));
    return ops.clip(changed, ...this.valueRange);
  }

  override getConfig() {
    const { factor, valueRange } = this;
    return { ...super.getConfig(), factor, valueRange };
  }
}

/**
 * While training, moves each image towards a gray one, or away from it:
 * [n, height, width, 3 or 1] of any dtype to float32 of that shape.
 * https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_color_degeneration/
 *
 * @throws EngineError `ARGUMENT` for factors beyond -1 and 1 and other wrong options; `SHAPE`, when applied, for what are no images of 3 channels.
 * @example layers.randomColorDegeneration({ factor: 0.5 });
 */
export const randomColorDegeneration = (options: RandomColorDegenerationOptions) =>
  new RandomColorDegeneration(options);
