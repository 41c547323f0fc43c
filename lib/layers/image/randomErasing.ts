import { type OptionNames, expected } from '../../base/checks.js';
import { defaultsOf, withDefaults } from '../../base/defaults.js';
import type { Operand } from '../../core/apply.js';
import { NDArray } from '../../core/ndarray.js';
import type { Sym } from '../../core/sym.js';
import { asSym } from '../../ops/composed.js';
import * as ops from '../../ops/index.js';
import { channelAxis } from '../../ops/image/images.js';
import { BaseRandomImageLayer, type RandomImageOptions } from './baseRandomImage.js';
import { type Factor, SHARE, factorRange, valueRangeOf } from './checks.js';
import { type Draws, perImage } from './draws.js';
import { placed, within } from './rectangles.js';

/** What `layers.randomErasing` takes. */
export interface RandomErasingOptions extends RandomImageOptions {
  /** How probable it is that something is erased: drawn for each image between two numbers, or 0 and one number. Default 1. */
  factor?: Factor;
  /** The area of the patch as a share of the image's, each side its root: the least and the most. Default [0.02, 0.33]. */
  scale?: Factor;
  /** What the patch is filled with: a number, or one for each of 3 channels. Default null: noise. */
  fillValue?: number | readonly number[] | null;
  /** The least and the largest number of a pixel: what the patch is filled with is cut off. Default [0, 255]. */
  valueRange?: readonly [least: number, most: number];
}

/** What {@link RandomErasing} draws. */
export interface Erasings {
  /** In which images something is erased: bool [n]. */
  readonly applyErasing: Operand;
  /** The left, upper, right and lower border of the patches, in pixels: float32 [n, 4]. */
  readonly corners: Operand;
  /** What they are filled with: float32 that broadcasts against the images. */
  readonly fillValue: Operand;
}

const DEFAULTS = defaultsOf<RandomErasingOptions>()({ factor: 1, scale: [0.02, 0.33] });

/** Erases patches of images: made by `layers.randomErasing`, which says more. */
export class RandomErasing extends BaseRandomImageLayer<Erasings> {
  static override readonly optionNames = {
    ...BaseRandomImageLayer.optionNames,
    factor: 'optional',
    scale: 'optional',
    fillValue: 'optional',
    valueRange: 'optional',
  } satisfies OptionNames<RandomErasingOptions>;
  readonly className = 'RandomErasing';
  /** Between which numbers the probability is drawn. */
  readonly factor: readonly [number, number];
  /** The least and the largest share of the area. */
  readonly scale: readonly [number, number];
  /** What the patch is filled with; undefined: noise. */
  readonly fillValue: number | readonly number[] | undefined;
  /** The least and the largest number of a pixel. */
  readonly valueRange: readonly [number, number];

  constructor(given: RandomErasingOptions = {}) {
    super(given);
    const options = withDefaults(given, DEFAULTS);
    const { factor, scale, fillValue } = options;
    this.factor = factorRange('randomErasing', 'factor', factor, SHARE);
    this.scale = factorRange('randomErasing', 'scale', scale, SHARE);
    this.fillValue = fillValue == null ? undefined : fillOf(fillValue);
    this.valueRange = valueRangeOf('randomErasing', options.valueRange);
  }

  /** @internal */
  override draw(draws: Draws): Erasings {
    const share = () => ops.sqrt(draws.uniform(this.scale));
    const corners = placed(draws, share(), share());
    return { applyErasing: draws.happens(this.factor), corners, fillValue: this.#fill(draws) };
  }

  #fill(draws: Draws): Operand {
    const { fillValue, valueRange, dataFormat } = this;
    const [least, most] = valueRange;
    if (fillValue === undefined) return ops.clip(ops.multiply(draws.noise(), most), least, most);
    const numbers = [fillValue].flat().map((n) => Math.min(Math.max(n, least), most));
    const shape = [1, 1, 1, 1];
    shape[channelAxis(dataFormat)] = numbers.length;
    return new NDArray(Float32Array.from(numbers), shape);
  }

  protected override changeImages(images: Sym, { applyErasing, corners, fillValue }: Erasings): Sym {
    const patch = within(asSym(corners), images, this.dataFormat);
    return ops.where(ops.logicalAnd(perImage(asSym(applyErasing)), patch), asSym(fillValue), images);
  }

  override getConfig() {
    const { factor, scale, fillValue = null, valueRange } = this;
    return { ...super.getConfig(), factor, scale, fillValue, valueRange };
  }
}

function fillOf(value: unknown): number | readonly number[] {
  const list: readonly unknown[] = Array.isArray(value) ? [...(value as unknown[])] : [value];
  if (list.length === (Array.isArray(value) ? 3 : 1) && list.every((n) => Number.isFinite(n)))
    return value as number | readonly number[];
  throw expected('randomErasing', 'a number or a list of three for fillValue', value);
}

/**
 * While training, erases a patch of each image: [n, height, width, channels] of any dtype to float32 of that shape. Zhong et al., Random
 * erasing data augmentation, 2017. https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_erasing/
 *
 * @throws EngineError `ARGUMENT` for probabilities and shares that are not from 0 to 1 and other wrong options; `SHAPE`, when applied, for
 *   what are no images.
 * @example layers.randomErasing({ factor: 0.5, fillValue: 0 });
 */
export const randomErasing = (options: RandomErasingOptions = {}) => new RandomErasing(options);
