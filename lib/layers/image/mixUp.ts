import { type OptionNames, positive } from '../../base/checks.js';
import { defaultsOf, withDefaults } from '../../base/defaults.js';
import type { Operand } from '../../core/apply.js';
import type { Sym } from '../../core/sym.js';
import type { Boxes } from '../../ops/image/boundingBoxes.js';
import * as ops from '../../ops/index.js';
import { BaseRandomImageLayer, type RandomImageOptions } from './baseRandomImage.js';
import type { Draws } from './draws.js';
import { mixed, reordered } from './mixed.js';

/** What `layers.mixUp` takes. */
export interface MixUpOptions extends RandomImageOptions {
  /** The two parameters of the beta distribution of the shares, above 0: the smaller, the more of one image. Default 0.2. */
  alpha?: number;
}

/** What {@link MixUp} draws. */
export interface Mixtures {
  /** The share of each image itself: float32 [n]. */
  readonly mixWeight: Operand;
  /** With which image it is mixed: int32 [n]. */
  readonly permutationOrder: Operand;
}

const DEFAULTS = defaultsOf<MixUpOptions>()({ alpha: 0.2 });

/** Mixes images and their labels: made by `layers.mixUp`, which says more. */
export class MixUp extends BaseRandomImageLayer<Mixtures> {
  static override readonly optionNames = {
    ...BaseRandomImageLayer.optionNames,
    alpha: 'optional',
  } satisfies OptionNames<MixUpOptions>;
  readonly className = 'MixUp';
  protected override readonly mixesMasks = true;
  /** The two parameters of the beta distribution of the shares. */
  readonly alpha: number;

  constructor(given: MixUpOptions = {}) {
    super(given);
    const options = withDefaults(given, DEFAULTS);
    this.alpha = positive('mixUp', 'alpha', options.alpha);
  }

  /** @internal */
  override draw(draws: Draws): Mixtures {
    const mixWeight = draws.beta(this.alpha, () => draws.uniform());
    return { mixWeight, permutationOrder: draws.order() };
  }

  protected override changeImages(images: Sym, { mixWeight, permutationOrder }: Mixtures): Sym {
    return mixed(images, permutationOrder, mixWeight);
  }

  protected override changeLabels(labels: Sym, { mixWeight, permutationOrder }: Mixtures): Sym {
    return mixed(labels, permutationOrder, mixWeight);
  }

  protected override changeMasks(masks: Sym, { mixWeight, permutationOrder }: Mixtures): Sym {
    return mixed(masks, permutationOrder, mixWeight);
  }

  protected override changeBoxes({ boxes, labels }: Boxes, { permutationOrder }: Mixtures): Boxes {
    const both = (x: Sym): Sym => ops.concatenate([x, reordered(x, permutationOrder)], { axis: 1 });
    return { boxes: both(boxes), labels: both(labels) };
  }

  override getConfig() {
    return { ...super.getConfig(), alpha: this.alpha };
  }
}

/**
 * While training, mixes each image of a batch with another one, and their labels and masks, which become float32; an image has the boxes of
 * both. [n, height, width, channels] of any dtype to float32 of that shape. Zhang et al., mixup: beyond empirical risk minimization, 2017.
 * https://keras.io/api/layers/preprocessing_layers/image_augmentation/mix_up/
 *
 * @throws EngineError `ARGUMENT` for an alpha that is no positive number; `SHAPE`, when applied, for what are no images.
 * @example layers.mixUp({ alpha: 0.4 }).apply({ images: zeros([2, 4, 4, 3]), labels: [[1, 0], [0, 1]] });
 */
export const mixUp = (options: MixUpOptions = {}) => new MixUp(options);
