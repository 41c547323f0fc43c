import { wrongShape } from '../../base/checks.js';
import { firstOf } from '../../base/list.js';
import { Sym } from '../../core/sym.js';
import { type Tensor, zeros } from '../../core/tensor.js';
import { asSym } from '../../ops/composed.js';
import * as ops from '../../ops/index.js';
import { zerosOf } from '../steps.js';

/** The sides of images, in pixels: numbers, or float32 [] where they are known only when the step runs. */
export interface ImageSides {
  /** How many rows. */
  readonly height: number | Sym;
  /** How many columns. */
  readonly width: number | Sym;
}

/** The images of which a transformation is drawn. @internal */
export interface DrawnImages extends ImageSides {
  /** A symbolic value or a tensor [n, …]. */
  readonly images: Sym;
  readonly channels: number;
}

/**
 * What a transformation of images is drawn with: each number is decided by the key, the number of the draw and the place of the sample, and
 * by no more.
 *
 * @internal
 */
export class Draws implements DrawnImages {
  readonly images: Sym;
  readonly height: number | Sym;
  readonly width: number | Sym;
  readonly channels: number;

  /**
   * @param key int32 [2], the seed and the step; undefined: that of the trace.
   * @param nextSalt Gives each draw its number.
   */
  constructor(
    { images, height, width, channels }: DrawnImages,
    readonly key: Sym | Tensor | undefined,
    readonly nextSalt: () => number,
  ) {
    this.images = images;
    this.height = height;
    this.width = width;
    this.channels = channels;
  }

  /** Even numbers from `least` up to, not including, `most`: float32 [n, ...sizes]. */
  uniform([least, most]: readonly number[] = [0, 1], sizes: readonly number[] = []): Sym {
    const shape = this.#samples < 0 ? this.zeros(sizes) : [this.#samples, ...sizes];
    const { key } = this;
    const options = { minval: least, maxval: most, key, salt: this.nextSalt() };
    return asSym(ops.randomUniform(shape, options as object));
  }

  /** Normal numbers of mean 0 and standard deviation 1: float32 [n, ...sizes]. */
  normal(sizes: readonly number[]): Sym {
    const { key } = this;
    const shape = this.#samples < 0 ? this.zeros(sizes) : [this.#samples, ...sizes];
    return asSym(ops.randomNormal(shape, { key, salt: this.nextSalt() } as object));
  }

  /** Normal numbers of mean 0 and standard deviation 1, one for each number of the images: float32 of their shape. */
  noise(): Sym {
    const { key } = this;
    return asSym(ops.randomNormal(this.images, { key, salt: this.nextSalt() } as object));
  }

  /** Even numbers that are the same for all samples: float32 of the shape. */
  once([least, most]: readonly number[] = [0, 1], shape: readonly number[] = []): Sym {
    const { key } = this;
    const options = { minval: least, maxval: most, key, salt: this.nextSalt() };
    return asSym(ops.randomUniform(shape, options as object));
  }

  /** Integers from 0 up to, not including, n, the same for all samples: int32 of the shape. */
  integers(n: number, shape: readonly number[] = []): Sym {
    // The product of the largest number below 1 may be rounded up to n.
    return ops.cast(ops.minimum(ops.floor(ops.multiply(this.once([0, 1], shape), n)), n - 1), 'int32');
  }

  /** An order of the samples: int32 [n]. */
  order(): Sym {
    return ops.argsort(this.uniform());
  }

  /**
   * Logarithms of numbers of the gamma distribution, which may be too small for float32. Marsaglia and Tsang, A simple method for generating
   * gamma variables, 2000.
   *
   * @param alpha Above 0: a number, or float32 [].
   * @param draw Draws even numbers from 0 to 1 of the shape that is wanted.
   */
  logGamma(alpha: Sym | number, draw: () => Sym): Sym {
    const d = ops.add(asSym(alpha as Sym), 2 / 3);
    const c = ops.rsqrt(ops.multiply(d, 9));
    // From 0, not included, to 1.
    const positive = () => ops.subtract(1, draw());
    let cube: Sym | undefined;
    let found: Sym | undefined;
    // A draw for alpha + 1 is taken in more than 95 of 100 cases; that all are refused happens once in 10¹⁰.
    for (let attempt = 0; attempt < 8; attempt++) {
      const radius = ops.sqrt(ops.multiply(ops.log(positive()), -2));
      const x = ops.multiply(radius, ops.cos(ops.multiply(draw(), 2 * Math.PI)));
      const v = ops.power(ops.maximum(ops.add(ops.multiply(x, c), 1), 1e-6), 3);
      const share = ops.subtract(ops.add(ops.log(v), 1), v);
      const most = ops.add(ops.multiply(ops.square(x), 0.5), ops.multiply(d, share));
      const isTaken = ops.less(ops.log(positive()), most);
      cube = cube && found ? ops.where(found, cube, v) : v;
      found = found ? ops.logicalOr(found, isTaken) : isTaken;
    }
    return ops.add(
      ops.log(ops.multiply(d, asSym(cube!))),
      ops.divide(ops.log(positive()), asSym(alpha as Sym)),
    );
  }

  /** Numbers of the beta distribution whose two parameters are both alpha: float32 of the shape that is drawn. */
  beta(alpha: Sym | number, draw: () => Sym): Sym {
    return ops.sigmoid(ops.subtract(this.logGamma(alpha, draw), this.logGamma(alpha, draw)));
  }

  /** Whether something happens that has a probability, drawn for each sample between two numbers: bool [n]. */
  happens(probability: readonly number[]): Sym {
    return ops.less(this.uniform(), this.uniform(probability));
  }

  /** 0 for each sample: float32 [n, ...sizes]. */
  zeros(sizes: readonly number[] = []): Sym {
    const { images } = this;
    return images instanceof Sym ? zerosOf(images, 1, sizes) : asSym(zeros([this.#samples, ...sizes]));
  }

  get #samples(): number {
    return firstOf(this.images.shape);
  }
}

/** The sides as numbers. @throws EngineError `SHAPE` where they are known only when the step runs. @internal */
export function knownSides(who: string, { height, width, images }: DrawnImages) {
  if (typeof height !== 'number' || typeof width !== 'number')
    throw wrongShape(who, 'sides of known size', images.shape);
  return { height, width };
}

/** A number for each sample, [n], as it broadcasts against images [n, a, b, c]. @internal */
export const perImage = (x: Sym): Sym => ops.reshape(x, [-1, 1, 1, 1]);

/** A number for each sample, [n], as it broadcasts against boxes [n, boxes, 1]. @internal */
export const perBox = (x: Sym): Sym => ops.reshape(x, [-1, 1, 1]);

/** Numbers of one range as the same places of another. @internal */
export function inRange(x: Sym, from: readonly [number, number], to: readonly [number, number]): Sym {
  if (from[0] === to[0] && from[1] === to[1]) return x;
  const share = ops.divide(ops.subtract(x, from[0]), from[1] - from[0]);
  return ops.add(ops.multiply(share, to[1] - to[0]), to[0]);
}
