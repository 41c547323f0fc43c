import { type OptionNames, finite, oneOf } from '../../base/checks.js';
import { defaultsOf, withDefaults } from '../../base/defaults.js';
import type { Operand } from '../../core/apply.js';
import type { Sym } from '../../core/sym.js';
import { asSym } from '../../ops/composed.js';
import type { Boxes } from '../../ops/image/boundingBoxes.js';
import { distorted } from '../../ops/image/sampling.js';
import { FILL_MODES } from '../../ops/image/sampling.js';
import { blurred } from '../../ops/image/windowed.js';
import * as ops from '../../ops/index.js';
import { BaseRandomImageLayer, type RandomImageOptions } from './baseRandomImage.js';
import { noBoxes, type Factor, SHARE, factorRange, valueRangeOf } from './checks.js';
import { type Draws, type DrawnImages, knownSides, perImage } from './draws.js';

const INTERPOLATIONS = ['nearest', 'bilinear'] as const;

/** What `layers.randomElasticTransform` takes. */
export interface RandomElasticTransformOptions extends RandomImageOptions {
  /** How probable it is that an image is distorted: drawn for each between two numbers, or 0 and one number. Default 1. */
  factor?: Factor;
  /** How strong the distortion is, from 0 to 1: drawn for each batch between two numbers, or 0 and one number. Default 1. */
  scale?: Factor;
  /** The nearest pixel, or a straight line between pixels. Masks take the nearest. Default `bilinear`. */
  interpolation?: (typeof INTERPOLATIONS)[number];
  /** What is beyond the border, as in `ops.image.elasticTransform`. Default `reflect`. */
  fillMode?: (typeof FILL_MODES)[number];
  /** Default 0. */
  fillValue?: number;
  /** The least and the largest number of a pixel: others are cut off. Default [0, 255]. */
  valueRange?: readonly [least: number, most: number];
}

/** What {@link RandomElasticTransform} draws. */
export interface Distortions {
  /** Which images are distorted: bool [n]. */
  readonly applyTransform: Operand;
  /** How strong the distortion is: float32 []. */
  readonly distortionFactor: Operand;
  /** Normal numbers, one for the column and one for the row of each pixel: float32 [n, height, width, 2]. */
  readonly noise: Operand;
}

const DEFAULTS = defaultsOf<RandomElasticTransformOptions>()({
  factor: 1,
  scale: 1,
  interpolation: 'bilinear',
  fillMode: 'reflect',
  fillValue: 0,
});

/** Distorts images: made by `layers.randomElasticTransform`, which says more. */
export class RandomElasticTransform extends BaseRandomImageLayer<Distortions> {
  static override readonly optionNames = {
    ...BaseRandomImageLayer.optionNames,
    factor: 'optional',
    scale: 'optional',
    interpolation: 'optional',
    fillMode: 'optional',
    fillValue: 'optional',
    valueRange: 'optional',
  } satisfies OptionNames<RandomElasticTransformOptions>;
  readonly className = 'RandomElasticTransform';
  /** Between which numbers the probability is drawn. */
  readonly factor: readonly [number, number];
  /** Between which numbers the strength is drawn. */
  readonly scale: readonly [number, number];
  /** How images are read between pixels. */
  readonly interpolation: (typeof INTERPOLATIONS)[number];
  /** What is beyond the border. */
  readonly fillMode: (typeof FILL_MODES)[number];
  /** What is beyond the border where `fillMode` is `constant`. */
  readonly fillValue: number;
  /** The least and the largest number of a pixel. */
  readonly valueRange: readonly [number, number];

  constructor(given: RandomElasticTransformOptions = {}) {
    super(given);
    const options = withDefaults(given, DEFAULTS);
    const who = 'randomElasticTransform';
    const { factor, scale, interpolation, fillMode, fillValue } = options;
    this.factor = factorRange(who, 'factor', factor, SHARE);
    this.scale = factorRange(who, 'scale', scale, SHARE);
    this.interpolation = oneOf(who, 'interpolation', interpolation, INTERPOLATIONS);
    this.fillMode = oneOf(who, 'fillMode', fillMode, FILL_MODES);
    this.fillValue = finite(who, 'fillValue', fillValue);
    this.valueRange = valueRangeOf(who, options.valueRange);
  }

  /** @internal */
  override draw(draws: Draws): Distortions {
    const { height, width } = knownSides(this.name, draws);
    return {
      applyTransform: draws.happens(this.factor),
      distortionFactor: draws.once(this.scale),
      noise: draws.normal([height, width, 2]),
    };
  }

  /** The window that smooths the noise is made of the sides: that is said before something trains. @internal */
  override rest(drawn: DrawnImages): null {
    knownSides(this.name, drawn);
    return null;
  }

  protected override changeImages(images: Sym, transformation: Distortions): Sym {
    return ops.clip(this.#moved(images, transformation, this.interpolation), ...this.valueRange);
  }

  protected override changeMasks(masks: Sym, transformation: Distortions): Sym {
    return this.#moved(masks, transformation, 'nearest');
  }

  protected override changeBoxes(_boxes: Boxes): Boxes {
    throw noBoxes(this.name);
  }

  #moved(images: Sym, transformation: Distortions, interpolation: (typeof INTERPOLATIONS)[number]): Sym {
    const { fillMode, fillValue, dataFormat } = this;
    const [strength, noise] = [asSym(transformation.distortionFactor), asSym(transformation.noise)];
    const ways = ops.multiply(this.#smooth(strength, noise), ops.multiply(strength, reach(noise)));
    const how = { interpolation, fillMode, fillValue, dataFormat };
    const moved = asSym(distorted(this.name, images, ways, how));
    return ops.where(perImage(asSym(transformation.applyTransform)), moved, images);
  }

  /** The noise, with the deviation of the window that smooths it. */
  #smooth(strength: Sym, noise: Sym): Sym {
    const side = 0.05 * Math.min(...sidesOf(noise));
    // Where there is no deviation, the window is one pixel.
    const sigma = ops.maximum(ops.multiply(strength, side), 1e-6);
    // Large enough for the strongest distortion.
    const window = Math.trunc(6 * side * this.scale[1]) | 1;
    return blurred(ops.multiply(noise, sigma), [window, window], [sigma, sigma], 'channelsLast');
  }

  override getConfig() {
    const { factor, scale, interpolation, fillMode, fillValue, valueRange } = this;
    return { ...super.getConfig(), factor, scale, interpolation, fillMode, fillValue, valueRange };
  }
}

const sidesOf = (noise: Sym) => noise.shape.slice(1, 3);

/** How far the smoothed noise of a full distortion moves pixels. */
const reach = (noise: Sym) => 0.1 * Math.max(...sidesOf(noise));

/**
 * While training, moves the pixels of images, and of their masks, by smoothed noise:
 * [n, height, width, channels] of any dtype to float32 of that shape. Simard et al., Best practices for convolutional neural networks, 2003.
 * https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_elastic_transform/
 *
 * @throws EngineError `ARGUMENT` for factors that are not from 0 to 1 and other wrong options, and, when applied, for bounding boxes; `SHAPE`
 *   for what are no images of known size.
 * @example layers.randomElasticTransform({ factor: 0.5, scale: 0.3 });
 */
export const randomElasticTransform = (options: RandomElasticTransformOptions = {}) =>
  new RandomElasticTransform(options);
