import { expected, mismatch, wrongShape } from '../base/checks.js';
import { itemAt, sizeOf } from '../base/list.js';
import { NDArray } from '../core/ndarray.js';
import type { ArrayData } from '../data/batches.js';
import { type PlainArray, plainArray } from '../data/plainArrays.js';

/** At most so many samples are looked at. */
const MOST = 1000;

/** Samples with their targets, and how they are drawn. */
export class Samples {
  private constructor(
    readonly x: NDArray,
    /** [n, …]; undefined where only inputs were given. */
    readonly y: NDArray | undefined,
    readonly range: readonly [low: number, high: number],
  ) {}

  /**
   * The first samples of those that were given.
   *
   * @throws EngineError `ARGUMENT` for what is no array, `SHAPE` where there are not as many targets as samples.
   */
  static async read(who: string, [x, y]: readonly [ArrayData, ArrayData?]): Promise<Samples> {
    const inputs = arrayOf(await plainArray(x));
    const targets = y === undefined ? undefined : arrayOf(await plainArray(y));
    if (inputs.shape.length < 2 || inputs.length === 0)
      throw wrongShape(who, 'samples [n, …], at least one,', inputs.shape);
    if (targets && targets.length !== inputs.length)
      throw mismatch(who, `${inputs.length} targets in data`, String(targets.length), 'SHAPE');
    const kept = inputs.slice(0, MOST);
    return new Samples(kept, targets?.slice(0, MOST), kept.dtype === 'uint8' ? [0, 255] : [0, 1]);
  }

  /** [height, width, channels] where samples are images of 1 or 3 channels. */
  get image(): readonly number[] | null {
    const [, ...size] = this.x.shape;
    return size.length === 3 && (size[2] === 1 || size[2] === 3) ? size : null;
  }

  /** The class of each sample, from class numbers or one-hot targets; undefined where these are neither. */
  classes(count: number): readonly number[] | undefined {
    const { y } = this;
    if (!y || count < 2) return undefined;
    const each = sizeOf(y.shape.slice(1));
    if (each === 1) return Array.from(y.data);
    if (each !== count) return undefined;
    return Array.from({ length: y.length }, (_, n) => largest(y.data.subarray(n * count, (n + 1) * count)));
  }

  /** A sample as a batch of one. @throws EngineError `ARGUMENT` for a number that none has. */
  one(who: string, index: unknown): NDArray {
    if (Number.isSafeInteger(index) && (index as number) >= 0 && (index as number) < this.x.length)
      return this.x.slice(index as number, (index as number) + 1);
    throw expected(who, `the number of a sample below ${this.x.length}`, index);
  }

  /** An image that was drawn, in bytes, as a batch of one. @throws EngineError `ARGUMENT` where it has another size. */
  drawn(who: string, pixels: unknown): NDArray {
    const bytes = typeof pixels === 'string' ? Buffer.from(pixels, 'base64') : undefined;
    const size = sizeOf(this.image ?? []);
    if (!this.image || bytes?.length !== size)
      throw expected(who, `${this.image ? size : 'no'} bytes of an image`, bytes?.length ?? pixels);
    const [low, high] = this.range;
    const numbers = Float32Array.from(bytes, (byte) => low + (byte / 255) * (high - low));
    return new NDArray(numbers, [1, ...this.image]);
  }

  /** A sample as an image in bytes, in base64; empty where it is none. */
  bytes(index: number): string {
    if (!this.image) return '';
    const [low, high] = this.range;
    const numbers = this.x.slice(index, index + 1).data;
    return Buffer.from(Uint8ClampedArray.from(numbers, (n) => ((n - low) / (high - low)) * 255)).toString(
      'base64',
    );
  }
}

/** The place of the largest number. */
export function largest(numbers: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < numbers.length; i++) if (itemAt(numbers, i) > itemAt(numbers, best)) best = i;
  return best;
}

function arrayOf({ data, shape }: PlainArray): NDArray {
  const isKept = data instanceof Uint8Array || data instanceof Int32Array || data instanceof Float32Array;
  return new NDArray(isKept ? data : Float32Array.from(data), shape);
}
