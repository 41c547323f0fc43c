import type { OptionNames } from '../../base/checks.js';
import { defaultsOf, withDefaults } from '../../base/defaults.js';
import type { Operand } from '../../core/apply.js';
import type { Sym } from '../../core/sym.js';
import { asSym } from '../../ops/composed.js';
import type { Boxes } from '../../ops/image/boundingBoxes.js';
import * as ops from '../../ops/index.js';
import { BaseRandomImageLayer, type RandomImageOptions } from './baseRandomImage.js';
import { noBoxes, type Factor, SHARE, factorRange } from './checks.js';
import type { Draws } from './draws.js';
import { mixed, reordered } from './mixed.js';
import { placed, within } from './rectangles.js';

/** What `layers.cutMix` takes. */
export interface CutMixOptions extends RandomImageOptions {
  /** The two parameters of the beta distribution of the shares: drawn for each batch between two numbers from 0 to 1, or 0 and one number. Default 1. */
  factor?: Factor;
}

/** What {@link CutMix} draws. */
export interface Cuttings {
  /** From which image each gets a patch: int32 [n]. */
  readonly permutationOrder: Operand;
  /** The left, upper, right and lower border of the patches, in pixels: float32 [n, 4]. */
  readonly corners: Operand;
  /** The share of the image that stays: float32 [n]. */
  readonly mixWeight: Operand;
}

const DEFAULTS = defaultsOf<CutMixOptions>()({ factor: 1 });

/** Puts patches of images into others: made by `layers.cutMix`, which says more. */
export class CutMix extends BaseRandomImageLayer<Cuttings> {
  static override readonly optionNames = {
    ...BaseRandomImageLayer.optionNames,
    factor: 'optional',
  } satisfies OptionNames<CutMixOptions>;
  readonly className = 'CutMix';
  /** Between which numbers the parameters of the beta distribution are drawn. */
  readonly factor: readonly [number, number];

  constructor(given: CutMixOptions = {}) {
    super(given);
    const options = withDefaults(given, DEFAULTS);
    this.factor = factorRange('cutMix', 'factor', options.factor, SHARE);
  }

  /** @internal */
  override draw(draws: Draws): Cuttings {
    const alpha = ops.add(draws.once(this.factor), 1e-6);
    const weight = draws.beta(alpha, () => draws.uniform());
    const side = ops.sqrt(ops.subtract(1, weight));
    const corners = placed(draws, side, side);
    const mixWeight = ops.subtract(1, ops.square(side));
    return { permutationOrder: draws.order(), corners, mixWeight };
  }

  protected override changeImages(images: Sym, { permutationOrder, corners }: Cuttings): Sym {
    const patch = within(asSym(corners), images, this.dataFormat);
    return ops.where(patch, reordered(images, permutationOrder), images);
  }

  protected override changeMasks(masks: Sym, transformation: Cuttings): Sym {
    return this.changeImages(masks, transformation);
  }

  protected override changeLabels(labels: Sym, { permutationOrder, mixWeight }: Cuttings): Sym {
    return mixed(labels, permutationOrder, mixWeight);
  }

  protected override changeBoxes(_boxes: Boxes): Boxes {
    throw noBoxes(this.name);
  }

  override getConfig() {
    return { ...super.getConfig(), factor: this.factor };
  }
}

/**
 * While training, puts a patch of another image of the batch into each, and into its mask, and mixes their labels, which become float32, by
 * their areas. [n, height, width, channels] of any dtype to float32 of that shape. Yun et al., CutMix: regularization strategy to train strong
 * classifiers with localizable features, 2019. https://keras.io/api/layers/preprocessing_layers/image_augmentation/cut_mix/
 *
 * @throws EngineError `ARGUMENT` for a factor that is not from 0 to 1, and, when applied, for bounding boxes; `SHAPE` for what are no images.
 * @example layers.cutMix().apply({ images: zeros([2, 4, 4, 3]), labels: [[1, 0], [0, 1]] });
 */
export const cutMix = (options: CutMixOptions = {}) => new CutMix(options);
