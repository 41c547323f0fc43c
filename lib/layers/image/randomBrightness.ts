import type { OptionNames } from '../../base/checks.js';
import type { Operand } from '../../core/apply.js';
import type { Sym } from '../../core/sym.js';
import { asSym } from '../../ops/composed.js';
import * as ops from '../../ops/index.js';
import { BaseRandomImageLayer, type RandomImageOptions } from './baseRandomImage.js';
import { type Factor, factorRange, valueRangeOf } from './checks.js';
import { type Draws, perImage } from './draws.js';

/** What `layers.randomBrightness` takes. */
export interface RandomBrightnessOptions extends RandomImageOptions {
  /** What is added, as a share of the range of values from -1 to 1: the least and the most, or one number f for -f and f. */
  factor: Factor;
  /** The least and the largest number of a pixel: others are cut off. Default [0, 255]. */
  valueRange?: readonly [least: number, most: number];
}

/** What {@link RandomBrightness} draws. */
export interface Brightenings {
  /** What is added to all pixels of an image: float32 [n]. */
  readonly rgbDelta: Operand;
}

/** Makes images brighter or darker: made by `layers.randomBrightness`, which says more. */
export class RandomBrightness extends BaseRandomImageLayer<Brightenings> {
  static override readonly optionNames = {
    ...BaseRandomImageLayer.optionNames,
    factor: 'required',
    valueRange: 'optional',
  } satisfies OptionNames<RandomBrightnessOptions>;
  readonly className = 'RandomBrightness';
  /** What is added at least and at most, as a share of the range of values. */
  readonly factor: readonly [number, number];
  /** The least and the largest number of a pixel. */
  readonly valueRange: readonly [number, number];

  constructor(options: RandomBrightnessOptions) {
    super(options);
    this.factor = factorRange('randomBrightness', 'factor', options.factor, { least: -1, most: 1 });
    this.valueRange = valueRangeOf('randomBrightness', options.valueRange);
  }

  /** @internal */
  override draw(draws: Draws): Brightenings {
    const [least, most] = this.valueRange;
    return { rgbDelta: ops.multiply(draws.uniform(this.factor), most - least) };
  }

  protected override changeImages(images: Sym, { rgbDelta }: Brightenings): Sym {
    return ops.clip(ops.add(images, perImage(asSym(rgbDelta))), ...this.valueRange);
  }

  override getConfig() {
    const { factor, valueRange } = this;
    return { ...super.getConfig(), factor, valueRange };
  }
}

/**
 * While training, adds to all pixels of each image another number: [n, height, width, channels] of any dtype to float32 of that shape.
 * https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_brightness/
 *
 * @throws EngineError `ARGUMENT` for factors beyond -1 and 1 and other wrong options; `SHAPE`, when applied, for what are no images.
 * @example layers.randomBrightness({ factor: 0.2, valueRange: [0, 1] });
 */
export const randomBrightness = (options: RandomBrightnessOptions) => new RandomBrightness(options);
