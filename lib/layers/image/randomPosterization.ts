import { type OptionNames, integer } from '../../base/checks.js';
import type { Operand } from '../../core/apply.js';
import { NDArray } from '../../core/ndarray.js';
import type { Sym } from '../../core/sym.js';
import { asSym } from '../../ops/composed.js';
import * as ops from '../../ops/index.js';
import { BaseRandomImageLayer, type RandomImageOptions } from './baseRandomImage.js';
import { type Factor, factorRange, valueRangeOf } from './checks.js';
import { type Draws, inRange, perImage } from './draws.js';

/** What `layers.randomPosterization` takes. */
export interface RandomPosterizationOptions extends RandomImageOptions {
  /** How many bits of a byte stay, from 1 to 8: the least and, not included, the most, or one number f for 1 and f. */
  factor: Factor;
  /** The least and the largest number of a pixel. Default [0, 255]. */
  valueRange?: readonly [least: number, most: number];
}

/** What {@link RandomPosterization} draws. */
export interface Posterizations {
  /** How many bits of each byte become 0: float32 [n]. */
  readonly shiftFactor: Operand;
}

/** The powers of 2 exactly. */
const STEPS = new NDArray(Float32Array.of(1, 2, 4, 8, 16, 32, 64, 128), [8]);

/** Leaves images fewer colours: made by `layers.randomPosterization`, which says more. */
export class RandomPosterization extends BaseRandomImageLayer<Posterizations> {
  static override readonly optionNames = {
    ...BaseRandomImageLayer.optionNames,
    factor: 'required',
    valueRange: 'optional',
  } satisfies OptionNames<RandomPosterizationOptions>;
  readonly className = 'RandomPosterization';
  /** How many bits stay at least and, not included, at most. */
  readonly factor: readonly [number, number];
  /** The least and the largest number of a pixel. */
  readonly valueRange: readonly [number, number];

  constructor(options: RandomPosterizationOptions) {
    super(options);
    this.factor = factorRange('randomPosterization', 'factor', options.factor, { least: 1, most: 8 });
    this.factor.forEach((bits) => integer('randomPosterization', 'factor', bits));
    this.valueRange = valueRangeOf('randomPosterization', options.valueRange);
  }

  /** @internal */
  override draw(draws: Draws): Posterizations {
    const [least, most] = this.factor;
    const bits = ops.floor(draws.uniform([least, Math.max(most, least + 1)]));
    // The largest number below the end may be rounded up to it.
    return { shiftFactor: ops.subtract(8, ops.minimum(bits, Math.max(most - 1, least))) };
  }

  protected override changeImages(images: Sym, { shiftFactor }: Posterizations): Sym {
    const bytes = ops.clip(inRange(images, this.valueRange, [0, 255]), 0, 255);
    const step = perImage(asSym(ops.gather<Operand, Operand>(STEPS, ops.cast(shiftFactor, 'int32'))));
    const fewer = ops.multiply(ops.floor(ops.divide(bytes, step)), step);
    return inRange(fewer, [0, 255], this.valueRange);
  }

  override getConfig() {
    const { factor, valueRange } = this;
    return { ...super.getConfig(), factor, valueRange };
  }
}

/**
 * While training, sets the lower bits of the pixels to 0, of each image another number of them:
 * [n, height, width, channels] of any dtype to float32 of that shape.
 * https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_posterization/
 *
 * @throws EngineError `ARGUMENT` for numbers of bits that are no integers from 1 to 8 and other wrong options; `SHAPE`, when applied, for what are no images.
 * @example layers.randomPosterization({ factor: [3, 6] });
 */
export const randomPosterization = (options: RandomPosterizationOptions) => new RandomPosterization(options);
