import * as ops from '../ops/index.js';
import type { PoolOptions } from '../ops/pool.js';
import type { Sym } from '../core/sym.js';
import { BasePooling, type PoolingOptions } from './basePooling.js';
import type { Length, Pair, Triple } from './spatial.js';

/** The largest number of each window, of sequences, images or volumes. */
abstract class MaxPooling extends BasePooling {
  protected pool(x: Sym, options: PoolOptions): Sym {
    return ops.maxPool(x, options);
  }
}

/** The largest number of each window of a sequence: made by `layers.maxPooling1d`, which says more. */
export class MaxPooling1D extends MaxPooling {
  readonly className = 'MaxPooling1D';

  constructor(options: PoolingOptions<Length> = {}) {
    super(1, options);
  }
}

/**
 * The largest number of each window of a sequence: [n, length, channels] to [n, outLength, channels], float32. With
 * padding `valid` a side becomes (side − window) / strides + 1, rounded down; with `same` side / strides, rounded up. Places outside
 * of it do not count. It has no weights. https://keras.io/api/layers/pooling_layers/max_pooling1d/
 *
 * @throws EngineError `ARGUMENT` for windows and strides that are no positive integers; `SHAPE`, when applied, for another rank.
 * @example layers.maxPooling1d({ poolSize: 2 }); // each side half as long
 */
export const maxPooling1d = (options?: PoolingOptions<Length>) => new MaxPooling1D(options);

/** The largest number of each window of an image: made by `layers.maxPooling2d`, which says more. */
export class MaxPooling2D extends MaxPooling {
  readonly className = 'MaxPooling2D';

  constructor(options: PoolingOptions<Pair> = {}) {
    super(2, options);
  }
}

/**
 * The largest number of each window of an image: [n, height, width, channels] to [n, outHeight, outWidth, channels], float32. With
 * padding `valid` a side becomes (side − window) / strides + 1, rounded down; with `same` side / strides, rounded up. Places outside
 * of it do not count. It has no weights. https://keras.io/api/layers/pooling_layers/max_pooling2d/
 *
 * @throws EngineError `ARGUMENT` for windows and strides that are no positive integers; `SHAPE`, when applied, for another rank.
 * @example layers.maxPooling2d({ poolSize: 2 }); // each side half as long
 */
export const maxPooling2d = (options?: PoolingOptions<Pair>) => new MaxPooling2D(options);

/** The largest number of each window of a volume: made by `layers.maxPooling3d`, which says more. */
export class MaxPooling3D extends MaxPooling {
  readonly className = 'MaxPooling3D';

  constructor(options: PoolingOptions<Triple> = {}) {
    super(3, options);
  }
}

/**
 * The largest number of each window of a volume: [n, depth, height, width, channels] to [n, outDepth, outHeight, outWidth, channels], float32. With
 * padding `valid` a side becomes (side − window) / strides + 1, rounded down; with `same` side / strides, rounded up. Places outside
 * of it do not count. It has no weights. https://keras.io/api/layers/pooling_layers/max_pooling3d/
 *
 * @throws EngineError `ARGUMENT` for windows and strides that are no positive integers; `SHAPE`, when applied, for another rank.
 * @example layers.maxPooling3d({ poolSize: 2 }); // each side half as long
 */
export const maxPooling3d = (options?: PoolingOptions<Triple>) => new MaxPooling3D(options);
