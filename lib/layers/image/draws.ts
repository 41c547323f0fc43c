import { firstOf } from '../../base/list.js';
import { Sym } from '../../core/sym.js';
import { type Tensor, zeros } from '../../core/tensor.js';
import { asSym } from '../../ops/composed.js';
import * as ops from '../../ops/index.js';
import { zerosOf } from '../steps.js';

/** The sides of images, in pixels. */
export interface ImageSides {
  /** How many rows. */
  readonly height: number;
  /** How many columns. */
  readonly width: number;
}

/** The images of which a transformation is drawn. @internal */
export interface DrawnImages extends ImageSides {
  /** [n, …]: a symbolic value or a tensor. */
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
  readonly height: number;
  readonly width: number;
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

  /** Normal numbers of mean 0 and standard deviation 1, one for each number of the images: float32 of their shape. */
  noise(): Sym {
    const { key } = this;
    return asSym(ops.randomNormal(this.images, { key, salt: this.nextSalt() } as object));
  }

  /** An integer from 0 up to, not including, n, the same for all samples: int32 []. */
  integer(n: number): Sym {
    const { key } = this;
    const drawn = asSym(ops.randomUniform([], { key, salt: this.nextSalt() } as object));
    // The product of the largest number below 1 may be rounded up to n.
    return ops.cast(ops.minimum(ops.floor(ops.multiply(drawn, n)), n - 1), 'int32');
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
