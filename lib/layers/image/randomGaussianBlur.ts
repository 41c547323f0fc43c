import { type OptionNames, expected } from '../../base/checks.js';
import { defaultsOf, withDefaults } from '../../base/defaults.js';
import type { Operand } from '../../core/apply.js';
import type { Sym } from '../../core/sym.js';
import { asSym } from '../../ops/composed.js';
import { blurred } from '../../ops/image/windowed.js';
import * as ops from '../../ops/index.js';
import { BaseRandomImageLayer, type RandomImageOptions } from './baseRandomImage.js';
import { type Factor, SHARE, factorRange, valueRangeOf } from './checks.js';
import { type Draws, perImage } from './draws.js';

/** What `layers.randomGaussianBlur` takes. */
export interface RandomGaussianBlurOptions extends RandomImageOptions {
  /** How probable it is that an image is blurred: drawn for each between two numbers, or 0 and one number. Default 1. */
  factor?: Factor;
  /** The height and width of the window, odd numbers, or one for both. Default 3. */
  kernelSize?: number | readonly [height: number, width: number];
  /** The deviations of the window in pixels, from 0 to 1: drawn for each axis between two numbers, or 0 and one number. Default 1. */
  sigma?: Factor;
  /** The least and the largest number of a pixel: others are cut off. Default [0, 255]. */
  valueRange?: readonly [least: number, most: number];
}

/** What {@link RandomGaussianBlur} draws: one window for the whole batch. */
export interface Blurs {
  /** Which images are blurred: bool [n]. */
  readonly shouldApplyBlur: Operand;
  /** The deviations of the window along the columns and the rows, in pixels: float32 [2]. */
  readonly blurFactor: Operand;
}

const DEFAULTS = defaultsOf<RandomGaussianBlurOptions>()({ factor: 1, kernelSize: 3, sigma: 1 });

/** Blurs images: made by `layers.randomGaussianBlur`, which says more. */
export class RandomGaussianBlur extends BaseRandomImageLayer<Blurs> {
  static override readonly optionNames = {
    ...BaseRandomImageLayer.optionNames,
    factor: 'optional',
    kernelSize: 'optional',
    sigma: 'optional',
    valueRange: 'optional',
  } satisfies OptionNames<RandomGaussianBlurOptions>;
  readonly className = 'RandomGaussianBlur';
  /** Between which numbers the probability is drawn. */
  readonly factor: readonly [number, number];
  /** The height and width of the window. */
  readonly kernelSize: readonly [number, number];
  /** Between which numbers the deviations are drawn. */
  readonly sigma: readonly [number, number];
  /** The least and the largest number of a pixel. */
  readonly valueRange: readonly [number, number];

  constructor(given: RandomGaussianBlurOptions = {}) {
    super(given);
    const options = withDefaults(given, DEFAULTS);
    const who = 'randomGaussianBlur';
    const { factor, kernelSize, sigma } = options;
    this.factor = factorRange(who, 'factor', factor, SHARE);
    this.kernelSize = kernelSizeOf(kernelSize);
    this.sigma = factorRange(who, 'sigma', sigma, SHARE);
    this.valueRange = valueRangeOf(who, options.valueRange);
  }

  /** @internal */
  override draw(draws: Draws): Blurs {
    const shouldApplyBlur = draws.happens(this.factor);
    // No deviation is 0, by which distances are divided.
    return { shouldApplyBlur, blurFactor: ops.add(draws.once(this.sigma, [2]), 1e-6) };
  }

  protected override changeImages(images: Sym, { shouldApplyBlur, blurFactor }: Blurs): Sym {
    const [x, y] = ops.unstack(asSym(blurFactor)) as [Sym, Sym];
    const blurry = blurred(images, this.kernelSize, [x, y], this.dataFormat);
    return ops.clip(ops.where(perImage(asSym(shouldApplyBlur)), blurry, images), ...this.valueRange);
  }

  override getConfig() {
    const { factor, kernelSize, sigma, valueRange } = this;
    return { ...super.getConfig(), factor, kernelSize, sigma, valueRange };
  }
}

function kernelSizeOf(given: unknown): readonly [number, number] {
  const list: readonly unknown[] = Array.isArray(given) ? [...(given as unknown[])] : [given, given];
  if (
    list.length === 2 &&
    list.every((n) => Number.isSafeInteger(n) && (n as number) > 0 && (n as number) % 2 === 1)
  )
    return list as unknown as [number, number];
  throw expected('randomGaussianBlur', 'an odd number, or a list of two, for kernelSize', given);
}

/**
 * While training, shows images through a Gaussian window; beyond the border are zeros:
 * [n, height, width, channels] of any dtype to float32 of that shape.
 * https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_gaussian_blur/
 *
 * @throws EngineError `ARGUMENT` for even sizes, probabilities and deviations that are not from 0 to 1 and other wrong options; `SHAPE`, when
 *   applied, for what are no images.
 * @example layers.randomGaussianBlur({ factor: 0.5, kernelSize: 5 });
 */
export const randomGaussianBlur = (options: RandomGaussianBlurOptions = {}) =>
  new RandomGaussianBlur(options);
