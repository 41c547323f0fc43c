import type { OptionNames } from '../../base/checks.js';
import type { Operand } from '../../core/apply.js';
import type { Sym } from '../../core/sym.js';
import { asSym } from '../../ops/composed.js';
import * as ops from '../../ops/index.js';
import { BaseRandomImageLayer, type RandomImageOptions } from './baseRandomImage.js';
import { SHARE, factorRange, valueRangeOf } from './checks.js';
import { type Draws, perImage } from './draws.js';

/** What `layers.randomContrast` takes. */
export interface RandomContrastOptions extends RandomImageOptions {
  /** By how much contrast is lowered and raised at most, each from 0 to 1; one number raises it alone, as in Keras. */
  factor: number | readonly [lower: number, upper: number];
  /** The least and the largest number of a pixel: others are cut off. Default [0, 255]. */
  valueRange?: readonly [least: number, most: number];
}

/** What {@link RandomContrast} draws. */
export interface Contrasts {
  /** What each pixel's distance from the mean is multiplied by: float32 [n]. */
  readonly contrastFactor: Operand;
}

/** Changes the contrast of images: made by `layers.randomContrast`, which says more. */
export class RandomContrast extends BaseRandomImageLayer<Contrasts> {
  static override readonly optionNames = {
    ...BaseRandomImageLayer.optionNames,
    factor: 'required',
    valueRange: 'optional',
  } satisfies OptionNames<RandomContrastOptions>;
  readonly className = 'RandomContrast';
  /** By how much contrast is lowered and raised at most. */
  readonly factor: readonly [number, number];
  /** The least and the largest number of a pixel. */
  readonly valueRange: readonly [number, number];

  constructor(options: RandomContrastOptions) {
    super(options);
    this.factor = factorRange('randomContrast', 'factor', options.factor, SHARE);
    this.valueRange = valueRangeOf('randomContrast', options.valueRange);
  }

  /** @internal */
  override draw(draws: Draws): Contrasts {
    const [lower, upper] = this.factor;
    return { contrastFactor: draws.uniform([1 - lower, 1 + upper]) };
  }

  protected override changeImages(images: Sym, { contrastFactor }: Contrasts): Sym {
    const axis = this.dataFormat === 'channelsLast' ? [1, 2] : [2, 3];
    const mean = ops.mean(images, { axis, keepDims: true });
    const factor = perImage(asSym(contrastFactor));
    const changed = ops.add(ops.multiply(ops.subtract(images, mean), factor), mean);
    return ops.clip(changed, ...this.valueRange);
  }

  override getConfig() {
    const { factor, valueRange } = this;
    return { ...super.getConfig(), factor, valueRange };
  }
}

/**
 * While training, multiplies the distance of each pixel from the mean of its image and channel by a factor from 1 − lower to 1 + upper:
 * [n, height, width, channels] of any dtype to float32 of that shape.
 * https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_contrast/
 *
 * @throws EngineError `ARGUMENT` for factors that are not from 0 to 1 and other wrong options; `SHAPE`, when applied, for what are no images.
 * @example layers.randomContrast({ factor: [0.2, 0.2] });
 */
export const randomContrast = (options: RandomContrastOptions) => new RandomContrast(options);
