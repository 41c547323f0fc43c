import type { OptionNames } from '../../base/checks.js';
import { defaultsOf, withDefaults } from '../../base/defaults.js';
import type { Operand } from '../../core/apply.js';
import type { Sym } from '../../core/sym.js';
import { asSym } from '../../ops/composed.js';
import { type Boxes, clipBoxes, cornersOf, joined } from '../../ops/image/boundingBoxes.js';
import type { AffineTransformOptions } from '../../ops/image/sampling.js';
import { affineTransform } from '../../ops/image/transforms.js';
import * as ops from '../../ops/index.js';
import { transformOf } from './affine.js';
import { BaseGeometricLayer, type GeometricOptions } from './baseGeometric.js';
import { type Factor, SHARE, factorOf, rangeOf } from './checks.js';
import { type Draws, type ImageSides, perBox } from './draws.js';

/** What `layers.randomShear` takes. */
export interface RandomShearOptions extends GeometricOptions {
  /** By what share of their distance from the first row columns are moved, from 0 to 1: the least and the most of either direction, or one number f for -f and f. Default 0. */
  xFactor?: Factor;
  /** By what share of their distance from the first column rows are moved. Default 0. */
  yFactor?: Factor;
}

/** What {@link RandomShear} draws. */
export interface Shears extends ImageSides {
  /** By what share columns are moved for each row, and rows for each column: float32 [n, 2]. */
  readonly shearFactor: Operand;
}

const DEFAULTS = defaultsOf<RandomShearOptions>()({ xFactor: 0, yFactor: 0 });

/** Shears images: made by `layers.randomShear`, which says more. */
export class RandomShear extends BaseGeometricLayer<Shears> {
  static override readonly optionNames = {
    ...BaseGeometricLayer.optionNames,
    xFactor: 'optional',
    yFactor: 'optional',
  } satisfies OptionNames<RandomShearOptions>;
  readonly className = 'RandomShear';
  /** Between which shares columns are moved. */
  readonly xFactor: Factor;
  /** Between which shares rows are moved. */
  readonly yFactor: Factor;

  constructor(given: RandomShearOptions = {}) {
    super(given);
    const options = withDefaults(given, DEFAULTS);
    this.xFactor = factorOf('randomShear', 'xFactor', options.xFactor, SHARE);
    this.yFactor = factorOf('randomShear', 'yFactor', options.yFactor, SHARE);
  }

  /** @internal */
  override draw(draws: Draws): Shears {
    const { height, width } = draws;
    const sign = ops.where(ops.greater(draws.uniform(), 0.5), -1, 1);
    const share = (factor: Factor) => ops.multiply(draws.uniform(rangeOf(factor)), sign);
    const across = share(this.xFactor);
    return { shearFactor: ops.stack([across, share(this.yFactor)], { axis: -1 }), height, width };
  }

  protected override move(images: Sym, { shearFactor }: Shears, how: AffineTransformOptions): Sym {
    const [across, down] = ops.unstack(asSym(shearFactor), { axis: 1 }) as [Sym, Sym];
    const none = ops.multiply(across, 0);
    const one = ops.add(none, 1);
    return affineTransform(images, transformOf([one, across, none, down, one, none]), how);
  }

  protected override changeBoxes(given: Boxes, transformation: Shears): Boxes {
    const [across, down] = ops.unstack(asSym(transformation.shearFactor), { axis: 1 }).map(perBox) as [
      Sym,
      Sym,
    ];
    return this.inFormat('relXyxy', given, transformation, transformation, ({ boxes, labels }) => {
      const [x1, y1, x2, y2] = cornersOf(boxes);
      const less = (a: Sym, factor: Sym, b: Sym): Sym => ops.subtract(a, ops.multiply(factor, b));
      const isLeft = ops.less(across, 0);
      const left = ops.where(isLeft, less(x1, across, y1), less(x1, across, y2));
      const right = ops.where(isLeft, less(x2, across, y2), less(x2, across, y1));
      const isDown = ops.greater(down, 0);
      const top = ops.where(isDown, less(y1, down, right), less(y1, down, left));
      const bottom = ops.where(isDown, less(y2, down, left), less(y2, down, right));
      return clipBoxes({ boxes: joined(left, top, right, bottom), labels }, { height: 1, width: 1 });
    });
  }

  override getConfig() {
    const { xFactor, yFactor } = this;
    return { ...super.getConfig(), xFactor, yFactor };
  }
}

/**
 * While training, shears each image by another factor along both axes, and its boxes and masks:
 * [n, height, width, channels] of any dtype to float32 of that shape.
 * https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_shear/
 *
 * @throws EngineError `ARGUMENT` for factors that are not from 0 to 1 and other wrong options; `SHAPE`, when applied, for what are no images.
 * @example layers.randomShear({ xFactor: 0.2, yFactor: [0, 0.1] });
 */
export const randomShear = (options: RandomShearOptions = {}) => new RandomShear(options);
