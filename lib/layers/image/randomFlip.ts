import { type OptionNames, oneOf } from '../../base/checks.js';
import { defaultsOf, withDefaults } from '../../base/defaults.js';
import type { Operand } from '../../core/apply.js';
import type { Sym } from '../../core/sym.js';
import { asSym } from '../../ops/composed.js';
import { type Boxes, clipBoxes, cornersOf, joined } from '../../ops/image/boundingBoxes.js';
import { affineTransform } from '../../ops/image/transforms.js';
import { type Size, plus } from '../../ops/image/sizes.js';
import * as ops from '../../ops/index.js';
import { transformOf } from './affine.js';
import { BaseRandomImageLayer, type RandomImageOptions } from './baseRandomImage.js';
import type { Draws, ImageSides } from './draws.js';

const MODES = ['horizontal', 'vertical', 'horizontalAndVertical'] as const;

/** What `layers.randomFlip` takes. */
export interface RandomFlipOptions extends RandomImageOptions {
  /** Left to right, upside down, or both together. Default `horizontalAndVertical`. */
  mode?: (typeof MODES)[number];
}

/** What {@link RandomFlip} draws. */
export interface Flips extends ImageSides {
  /** Which images are flipped: bool [n]. */
  readonly flips: Operand;
}

const DEFAULTS = defaultsOf<RandomFlipOptions>()({ mode: 'horizontalAndVertical' });

/** Flips images: made by `layers.randomFlip`, which says more. */
export class RandomFlip extends BaseRandomImageLayer<Flips> {
  static override readonly optionNames = {
    ...BaseRandomImageLayer.optionNames,
    mode: 'optional',
  } satisfies OptionNames<RandomFlipOptions>;
  readonly className = 'RandomFlip';
  /** Which way images are flipped. */
  readonly mode: (typeof MODES)[number];

  constructor(given: RandomFlipOptions = {}) {
    super(given);
    const options = withDefaults(given, DEFAULTS);
    this.mode = oneOf('randomFlip', 'mode', options.mode, MODES);
  }

  /** @internal */
  override draw(draws: Draws): Flips {
    const { height, width } = draws;
    return { flips: ops.lessEqual(draws.uniform(), 0.5), height, width };
  }

  protected override changeImages(images: Sym, { flips, height, width }: Flips): Sym {
    // Pixel i shows pixel side - 1 - i of a side that is flipped.
    const isFlipped = ops.cast(asSym(flips), 'float32');
    const none = ops.multiply(isFlipped, 0);
    const one = ops.add(none, 1);
    const way = (isAlong: boolean, side: Size): [Sym, Sym] =>
      isAlong
        ? [ops.subtract(1, ops.multiply(isFlipped, 2)), ops.multiply(isFlipped, plus(side, -1))]
        : [one, none];
    const [across, left] = way(this.mode !== 'vertical', width);
    const [down, top] = way(this.mode !== 'horizontal', height);
    const { dataFormat } = this;
    return affineTransform(images, transformOf([across, none, left, none, down, top]), {
      interpolation: 'nearest',
      dataFormat,
    });
  }

  protected override changeMasks(masks: Sym, transformation: Flips): Sym {
    return this.changeImages(masks, transformation);
  }

  protected override changeBoxes(given: Boxes, { flips, height, width }: Flips): Boxes {
    const sides = { height, width };
    return this.inFormat('xyxy', given, sides, sides, ({ boxes, labels }) => {
      const [x1, y1, x2, y2] = cornersOf(boxes);
      const other = (x: Sym, side: Size): Sym => ops.subtract(side, x);
      const [left, right] = this.mode === 'vertical' ? [x1, x2] : [other(x2, width), other(x1, width)];
      const [top, bottom] = this.mode === 'horizontal' ? [y1, y2] : [other(y2, height), other(y1, height)];
      const flipped = joined(left, top, right, bottom);
      const made = ops.where(ops.reshape(asSym(flips), [-1, 1, 1]), flipped, boxes);
      return clipBoxes({ boxes: made, labels }, { height, width });
    });
  }

  override getConfig() {
    return { ...super.getConfig(), mode: this.mode };
  }
}

/**
 * While training, flips half of the images, and their boxes and masks: [n, height, width, channels] of any dtype to float32 of that shape.
 * https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_flip/
 *
 * @throws EngineError `ARGUMENT` for an unknown mode or a seed that is no integer; `SHAPE`, when applied, for what are no images.
 * @example layers.randomFlip({ mode: 'horizontal' });
 */
export const randomFlip = (options: RandomFlipOptions = {}) => new RandomFlip(options);
