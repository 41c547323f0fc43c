import type { OptionNames } from '../../base/checks.js';
import type { Operand } from '../../core/apply.js';
import type { Sym } from '../../core/sym.js';
import { asSym } from '../../ops/composed.js';
import { type Windows, filtered } from '../../ops/image/windowed.js';
import * as ops from '../../ops/index.js';
import { BaseRandomImageLayer, type RandomImageOptions } from './baseRandomImage.js';
import { type Factor, SHARE, factorRange, valueRangeOf } from './checks.js';
import { type Draws, perImage } from './draws.js';

/** What `layers.randomSharpness` takes. */
export interface RandomSharpnessOptions extends RandomImageOptions {
  /** How sharp images become, from 0 (blurred) over 0.5 (as they are) to 1: the least and the most, or one number f for 0 and f. */
  factor: Factor;
  /** The least and the largest number of a pixel: others are cut off. Default [0, 255]. */
  valueRange?: readonly [least: number, most: number];
}

/** What {@link RandomSharpness} draws. */
export interface Sharpenings {
  /** How sharp images become: float32 [n]. */
  readonly factor: Operand;
}

/** Makes images sharper or blurs them: made by `layers.randomSharpness`, which says more. */
export class RandomSharpness extends BaseRandomImageLayer<Sharpenings> {
  static override readonly optionNames = {
    ...BaseRandomImageLayer.optionNames,
    factor: 'required',
    valueRange: 'optional',
  } satisfies OptionNames<RandomSharpnessOptions>;
  readonly className = 'RandomSharpness';
  /** How sharp images become at least and at most. */
  readonly factor: readonly [number, number];
  /** The least and the largest number of a pixel. */
  readonly valueRange: readonly [number, number];

  constructor(options: RandomSharpnessOptions) {
    super(options);
    this.factor = factorRange('randomSharpness', 'factor', options.factor, SHARE);
    this.valueRange = valueRangeOf('randomSharpness', options.valueRange);
  }

  /** @internal */
  override draw(draws: Draws): Sharpenings {
    return { factor: draws.uniform(this.factor) };
  }

  protected override changeImages(images: Sym, { factor }: Sharpenings): Sym {
    const { dataFormat, valueRange } = this;
    const smooth = asSym(filtered(this.name, images, BLUR, 'same', { dataFormat }));
    const share = ops.subtract(1, ops.multiply(perImage(asSym(factor)), 2));
    return ops.clip(ops.add(images, ops.multiply(share, ops.subtract(smooth, images))), ...valueRange);
  }

  override getConfig() {
    const { factor, valueRange } = this;
    return { ...super.getConfig(), factor, valueRange };
  }
}

/** The window of the image that is mixed with the one there was; beyond the border are zeros. */
const BLUR: Windows = {
  height: 3,
  width: 3,
  numbers: [[1, 1, 1, 1, 5, 1, 1, 1, 1].map((n) => n / 13)],
};

/**
 * While training, moves each image away from a blurred one, or towards it: by 1 − 2f for a sharpness f.
 * [n, height, width, channels] of any dtype to float32 of that shape.
 * https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_sharpness/
 *
 * @throws EngineError `ARGUMENT` for a sharpness that is not from 0 to 1 and other wrong options; `SHAPE`, when applied, for what are no images.
 * @example layers.randomSharpness({ factor: [0.3, 0.9] });
 */
export const randomSharpness = (options: RandomSharpnessOptions) => new RandomSharpness(options);
