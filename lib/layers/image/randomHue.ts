import type { OptionNames } from '../../base/checks.js';
import { defaultsOf, withDefaults } from '../../base/defaults.js';
import type { Operand } from '../../core/apply.js';
import type { Sym } from '../../core/sym.js';
import { asSym } from '../../ops/composed.js';
import { hsvToRgb, rgbToHsv } from '../../ops/image/color.js';
import { channelAxis } from '../../ops/image/images.js';
import * as ops from '../../ops/index.js';
import { BaseRandomImageLayer, type RandomImageOptions } from './baseRandomImage.js';
import { type Factor, SHARE, factorRange, pairOf } from './checks.js';
import { type Draws, inRange, perImage } from './draws.js';

/** What `layers.randomHue` takes. */
export interface RandomHueOptions extends RandomImageOptions {
  /** How far hues are turned, as a share of half the circle, either way: the least and the most, or one number f for 0 and f. */
  factor: Factor;
  /** The least and the largest number of a pixel. Default [0, 255]. */
  valueRange?: readonly [least: number, most: number];
}

/** What {@link RandomHue} draws. */
export interface Hues {
  /** What is added to the hue, as a share of the circle: float32 [n]. */
  readonly factor: Operand;
}

const DEFAULTS = defaultsOf<RandomHueOptions>()({ valueRange: [0, 255] });

/** Turns the hues of images: made by `layers.randomHue`, which says more. */
export class RandomHue extends BaseRandomImageLayer<Hues> {
  static override readonly optionNames = {
    ...BaseRandomImageLayer.optionNames,
    factor: 'required',
    valueRange: 'optional',
  } satisfies OptionNames<RandomHueOptions>;
  readonly className = 'RandomHue';
  /** How far hues are turned at least and at most. */
  readonly factor: readonly [number, number];
  /** The least and the largest number of a pixel. */
  readonly valueRange: readonly [number, number];

  constructor(given: RandomHueOptions) {
    super(given);
    const options = withDefaults(given, DEFAULTS);
    this.factor = factorRange('randomHue', 'factor', options.factor, SHARE);
    this.valueRange = pairOf('randomHue', 'valueRange', options.valueRange);
  }

  /** @internal */
  override draw(draws: Draws): Hues {
    const half = ops.where(ops.greater(draws.uniform(), 0.5), -0.5, 0.5);
    return { factor: ops.multiply(half, draws.uniform(this.factor)) };
  }

  protected override changeImages(images: Sym, { factor }: Hues): Sym {
    const { dataFormat, valueRange } = this;
    const axis = channelAxis(dataFormat);
    const shares = inRange(images, valueRange, [0, 1]);
    const [hue, saturation, value] = ops.split(rgbToHsv(shares, { dataFormat }), 3, { axis }) as [
      Sym,
      Sym,
      Sym,
    ];
    // The way back takes a hue of any number of turns.
    const turned = ops.add(hue, perImage(asSym(factor)));
    const changed = hsvToRgb(ops.concatenate([turned, saturation, value], { axis }), { dataFormat });
    return inRange(ops.clip(changed, 0, 1), [0, 1], valueRange);
  }

  override getConfig() {
    const { factor, valueRange } = this;
    return { ...super.getConfig(), factor, valueRange };
  }
}

/**
 * While training, turns the hues of each image by another angle:
 * [n, height, width, 3] of any dtype to float32 of that shape.
 * https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_hue/
 *
 * @throws EngineError `ARGUMENT` for factors that are not from 0 to 1 and other wrong options; `SHAPE`, when applied, for what are no images of 3 channels.
 * @example layers.randomHue({ factor: 0.1 });
 */
export const randomHue = (options: RandomHueOptions) => new RandomHue(options);
