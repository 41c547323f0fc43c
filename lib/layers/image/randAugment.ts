import { type OptionNames, integer, oneOf } from '../../base/checks.js';
import { defaultsOf, withDefaults } from '../../base/defaults.js';
import type { Operand } from '../../core/apply.js';
import type { Sym } from '../../core/sym.js';
import { asSym } from '../../ops/composed.js';
import type { Boxes } from '../../ops/image/boundingBoxes.js';
import * as ops from '../../ops/index.js';
import { type Augmentation, colourAugmentations, strongAugmentations } from './augmentations.js';
import { BaseRandomImageLayer, type RandomImageOptions } from './baseRandomImage.js';
import { type Factor, SHARE, factorRange, valueRangeOf } from './checks.js';
import type { Draws } from './draws.js';

const INTERPOLATIONS = ['nearest', 'bilinear'] as const;

/** What `layers.randAugment` takes. */
export interface RandAugmentOptions extends RandomImageOptions {
  /** The least and the largest number of a pixel. Default [0, 255]. */
  valueRange?: readonly [least: number, most: number];
  /** How many changes images go through. Default 2. */
  numOps?: number;
  /** The factor of each change, from 0 to 1: the least and the most, or one number f for 0 and f. Default 0.5. */
  factor?: Factor;
  /** The nearest pixel, or a straight line between pixels. Default `bilinear`. */
  interpolation?: (typeof INTERPOLATIONS)[number];
}

/** What {@link RandAugment} draws. */
export interface Choices {
  /** Which changes the images go through: int32 [numOps]. */
  readonly layerIndices: Operand;
  /** What each change draws. */
  readonly transforms: readonly object[];
}

const DEFAULTS = defaultsOf<RandAugmentOptions>()({ numOps: 2, factor: 0.5, interpolation: 'bilinear' });

/** Changes images by some of several layers: made by `layers.randAugment`, which says more. */
export class RandAugment extends BaseRandomImageLayer<Choices> {
  static override readonly optionNames = {
    ...BaseRandomImageLayer.optionNames,
    valueRange: 'optional',
    numOps: 'optional',
    factor: 'optional',
    interpolation: 'optional',
  } satisfies OptionNames<RandAugmentOptions>;
  readonly className = 'RandAugment';
  /** The least and the largest number of a pixel. */
  readonly valueRange: readonly [number, number];
  /** How many changes images go through. */
  readonly numOps: number;
  /** Between which numbers the factors are. */
  readonly factor: readonly [number, number];
  /** How images are read between pixels. */
  readonly interpolation: (typeof INTERPOLATIONS)[number];
  readonly #layers: readonly Augmentation[];

  constructor(given: RandAugmentOptions = {}) {
    super(given);
    const options = withDefaults(given, DEFAULTS);
    const who = 'randAugment';
    this.valueRange = valueRangeOf(who, options.valueRange);
    this.numOps = integer(who, 'numOps', options.numOps);
    this.factor = factorRange(who, 'factor', options.factor, SHARE);
    this.interpolation = oneOf(who, 'interpolation', options.interpolation, INTERPOLATIONS);
    this.#layers = [...strongAugmentations(this), ...colourAugmentations(this)];
  }

  /** @internal */
  override draw(draws: Draws): Choices {
    const layerIndices = draws.integers(this.#layers.length, [this.numOps]);
    return { layerIndices, transforms: this.#layers.map((layer) => layer.draw(draws)) };
  }

  /** What the chosen layers make, one after another. */
  #chosen<X>(
    x: X,
    choices: Choices,
    change: (layer: Augmentation, x: X, t: object) => X,
    where: (is: Sym, yes: X, no: X) => X,
  ): X {
    return ops
      .unstack(asSym(choices.layerIndices))
      .reduce(
        (before, choice) =>
          this.#layers.reduce(
            (made, layer, i) =>
              where(ops.equal(choice, i), change(layer, before, choices.transforms[i]!), made),
            before,
          ),
        x,
      );
  }

  protected override changeImages(images: Sym, choices: Choices): Sym {
    return this.#chosen(
      images,
      choices,
      (layer, x, t) => layer.transformImages(x, t),
      ops.where<Sym, Sym, Sym>,
    );
  }

  protected override changeMasks(masks: Sym, choices: Choices): Sym {
    return this.#chosen(
      masks,
      choices,
      (layer, x, t) => layer.transformSegmentationMasks(x, t),
      ops.where<Sym, Sym, Sym>,
    );
  }

  protected override changeBoxes(boxes: Boxes, choices: Choices): Boxes {
    const where = (is: Sym, yes: Boxes, no: Boxes): Boxes => ({
      boxes: ops.where(is, yes.boxes, no.boxes),
      labels: ops.where(is, yes.labels, no.labels),
    });
    return this.#chosen(boxes, choices, (layer, x, t) => layer.transformBoundingBoxes(x, t), where);
  }

  override getConfig() {
    const { valueRange, numOps, factor, interpolation } = this;
    return { ...super.getConfig(), valueRange, numOps, factor, interpolation };
  }
}

/**
 * While training, changes the images of a batch by some of eleven layers, one after another, and their boxes and masks: shear, translation,
 * rotation, posterization, solarization, auto-contrast, equalization, brightness, degeneration of colour, contrast, sharpness. Each image
 * draws its own numbers. [n, height, width, 3] of any dtype to float32 of that shape. Cubuk et al., RandAugment: practical automated data
 * augmentation with a reduced search space, 2019. https://keras.io/api/layers/preprocessing_layers/image_augmentation/rand_augment/
 *
 * @throws EngineError `ARGUMENT` for a factor that is not from 0 to 1 and other wrong options; `SHAPE`, when applied, for what are no images
 *   of 3 channels.
 * @example layers.randAugment({ numOps: 3, factor: 0.3 });
 */
export const randAugment = (options: RandAugmentOptions = {}) => new RandAugment(options);
