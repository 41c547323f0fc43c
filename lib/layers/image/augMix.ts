import { type OptionNames, boolean, integer, oneOf, positive } from '../../base/checks.js';
import { defaultsOf, withDefaults } from '../../base/defaults.js';
import { itemAt } from '../../base/list.js';
import type { Operand } from '../../core/apply.js';
import type { Sym } from '../../core/sym.js';
import { asSym } from '../../ops/composed.js';
import * as ops from '../../ops/index.js';
import { type Augmentation, colourAugmentations, strongAugmentations } from './augmentations.js';
import { BaseRandomImageLayer, type RandomImageOptions } from './baseRandomImage.js';
import { type Factor, SHARE, factorRange, valueRangeOf } from './checks.js';
import type { Draws } from './draws.js';

const INTERPOLATIONS = ['nearest', 'bilinear'] as const;

/** What `layers.augMix` takes. */
export interface AugMixOptions extends RandomImageOptions {
  /** The least and the largest number of a pixel. Default [0, 255]. */
  valueRange?: readonly [least: number, most: number];
  /** How many chains of changes are mixed. Default 3. */
  numChains?: number;
  /** How many changes a chain has at most. Default 3. */
  chainDepth?: number;
  /** The factor of each change, from 0 to 1: the least and the most, or one number f for 0 and f. Default 0.3. */
  factor?: Factor;
  /** The parameter of the distributions of the shares, above 0. Default 1. */
  alpha?: number;
  /** Whether brightness, degeneration of colour, contrast and sharpness are among the changes. Default true. */
  allOps?: boolean;
  /** The nearest pixel, or a straight line between pixels. Default `bilinear`. */
  interpolation?: (typeof INTERPOLATIONS)[number];
}

/** What {@link AugMix} draws. */
export interface Chains {
  /** The share of each chain: float32 [numChains]. */
  readonly chainMixingWeights: Operand;
  /** The share of the images as they were: float32 []. */
  readonly weightSample: Operand;
  /** The changes of each chain, the number of the layers for none: int32 [numChains, chainDepth]. */
  readonly layerIndices: Operand;
  /** What each layer draws at each place of the chains. */
  readonly chainTransforms: readonly (readonly (readonly object[])[])[];
}

const DEFAULTS = defaultsOf<AugMixOptions>()({
  interpolation: 'bilinear',
  numChains: 3,
  chainDepth: 3,
  factor: 0.3,
  alpha: 1,
  allOps: true,
});

/** Mixes images with changed ones: made by `layers.augMix`, which says more. */
export class AugMix extends BaseRandomImageLayer<Chains> {
  static override readonly optionNames = {
    ...BaseRandomImageLayer.optionNames,
    valueRange: 'optional',
    numChains: 'optional',
    chainDepth: 'optional',
    factor: 'optional',
    alpha: 'optional',
    allOps: 'boolean',
    interpolation: 'optional',
  } satisfies OptionNames<AugMixOptions>;
  readonly className = 'AugMix';
  protected override readonly mixesMasks = true;
  /** The least and the largest number of a pixel. */
  readonly valueRange: readonly [number, number];
  /** How many chains of changes are mixed. */
  readonly numChains: number;
  /** How many changes a chain has at most. */
  readonly chainDepth: number;
  /** Between which numbers the factors are. */
  readonly factor: readonly [number, number];
  /** The parameter of the distributions of the shares. */
  readonly alpha: number;
  /** Whether all layers are among the changes. */
  readonly allOps: boolean;
  /** How images are read between pixels. */
  readonly interpolation: (typeof INTERPOLATIONS)[number];
  readonly #layers: readonly Augmentation[];

  constructor(given: AugMixOptions = {}) {
    super(given);
    const options = withDefaults(given, DEFAULTS);
    const who = 'augMix';
    const { numChains, chainDepth, factor, alpha, allOps } = options;
    this.valueRange = valueRangeOf(who, options.valueRange);
    this.numChains = integer(who, 'numChains', numChains);
    this.chainDepth = integer(who, 'chainDepth', chainDepth);
    this.factor = factorRange(who, 'factor', factor, SHARE);
    this.alpha = positive(who, 'alpha', alpha);
    this.allOps = boolean(who, 'allOps', allOps);
    this.interpolation = oneOf(who, 'interpolation', options.interpolation, INTERPOLATIONS);
    this.#layers = [...strongAugmentations(this), ...(allOps ? colourAugmentations(this) : [])];
  }

  /** @internal */
  override draw(draws: Draws): Chains {
    const { numChains, chainDepth, alpha } = this;
    // Shares of a Dirichlet distribution are numbers of the gamma distribution divided by their sum.
    const shares = draws.logGamma(alpha, () => draws.once([0, 1], [numChains]));
    const each = <R>(n: number, make: () => R): R[] => Array.from({ length: n }, make);
    return {
      chainMixingWeights: ops.softmax(shares),
      weightSample: draws.beta(alpha, () => draws.once()),
      layerIndices: draws.integers(this.#layers.length + 1, [numChains, chainDepth]),
      chainTransforms: each(numChains, () =>
        each(chainDepth, () => this.#layers.map((layer) => layer.draw(draws))),
      ),
    };
  }

  /** The images or masks mixed with what the chains make of them. */
  #mixed(x: Sym, chains: Chains, change: (layer: Augmentation, x: Sym, t: object) => Sym): Sym {
    const weights = ops.unstack(asSym(chains.chainMixingWeights));
    const indices = ops.unstack(asSym(chains.layerIndices)).map((chain) => ops.unstack(chain));
    const ends = chains.chainTransforms.map((chain, i) => {
      const end = chain.reduce(
        (before, transforms, j) =>
          this.#layers.reduce(
            (made, layer, k) =>
              ops.where(
                ops.equal(itemAt(itemAt(indices, i), j), k),
                change(layer, before, itemAt(transforms, k)),
                made,
              ),
            before,
          ),
        x,
      );
      return ops.multiply(end, itemAt(weights, i));
    });
    const own = asSym(chains.weightSample);
    const others = ends.reduce((a, b) => ops.add(a, b));
    return ops.add(ops.multiply(x, own), ops.multiply(others, ops.subtract(1, own)));
  }

  protected override changeImages(images: Sym, chains: Chains): Sym {
    const made = this.#mixed(images, chains, (layer, x, t) => layer.transformImages(x, t));
    return ops.clip(made, ...this.valueRange);
  }

  protected override changeMasks(masks: Sym, chains: Chains): Sym {
    return this.#mixed(masks, chains, (layer, x, t) => layer.transformSegmentationMasks(x, t));
  }

  override getConfig() {
    const { valueRange, numChains, chainDepth, factor, alpha, allOps, interpolation } = this;
    return { ...super.getConfig(), valueRange, numChains, chainDepth, factor, alpha, allOps, interpolation };
  }
}

/**
 * While training, mixes images with what chains of changes make of them, and their masks, which become float32; boxes stay, as in Keras. The
 * changes are those of `layers.randAugment`, or none; each image draws its own numbers.
 * [n, height, width, 3] of any dtype to float32 of that shape. Hendrycks et al., AugMix: a simple data processing method to improve
 * robustness and uncertainty, 2019. https://keras.io/api/layers/preprocessing_layers/image_augmentation/aug_mix/
 *
 * @throws EngineError `ARGUMENT` for a factor that is not from 0 to 1 and other wrong options; `SHAPE`, when applied, for what are no images
 *   of 3 channels.
 * @example layers.augMix({ numChains: 2, factor: 0.2 });
 */
export const augMix = (options: AugMixOptions = {}) => new AugMix(options);
