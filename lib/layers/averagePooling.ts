import * as ops from '../ops/index.js';
import type { PoolOptions } from '../ops/pool.js';
import type { Sym } from '../core/sym.js';
import { BasePooling, type PoolingOptions } from './basePooling.js';
import type { Length, Pair, Triple } from './spatial.js';

/** The mean of each window, of sequences, images or volumes. */
abstract class AveragePooling extends BasePooling {
  protected pool(x: Sym, options: PoolOptions): Sym {
    return ops.averagePool(x, options);
  }
}

/** The mean of each window of a sequence: made by `layers.averagePooling1d`, which says more. */
export class AveragePooling1D extends AveragePooling {
  readonly className = 'AveragePooling1D';

  constructor(options: PoolingOptions<Length> = {}) {
    super(1, options);
  }
}

/**
 * The mean of each window of a sequence: [n, length, channels] to [n, outLength, channels], float32. With
 * padding `valid` a side becomes (side − window) / strides + 1, rounded down; with `same` side / strides, rounded up. Places outside
 * of it do not count. It has no weights. https://keras.io/api/layers/pooling_layers/average_pooling1d/
 *
 * @throws EngineError `ARGUMENT` for windows and strides that are no positive integers; `SHAPE`, when applied, for another rank.
 * @example layers.averagePooling1d({ poolSize: 2 }); // each side half as long
 */
export const averagePooling1d = (options?: PoolingOptions<Length>) => new AveragePooling1D(options);

/** The mean of each window of an image: made by `layers.averagePooling2d`, which says more. */
export class AveragePooling2D extends AveragePooling {
  readonly className = 'AveragePooling2D';

  constructor(options: PoolingOptions<Pair> = {}) {
    super(2, options);
  }
}

/**
 * The mean of each window of an image: [n, height, width, channels] to [n, outHeight, outWidth, channels], float32. With
 * padding `valid` a side becomes (side − window) / strides + 1, rounded down; with `same` side / strides, rounded up. Places outside
 * of it do not count. It has no weights. https://keras.io/api/layers/pooling_layers/average_pooling2d/
 *
 * @throws EngineError `ARGUMENT` for windows and strides that are no positive integers; `SHAPE`, when applied, for another rank.
 * @example layers.averagePooling2d({ poolSize: 2 }); // each side half as long
 */
export const averagePooling2d = (options?: PoolingOptions<Pair>) => new AveragePooling2D(options);

/** The mean of each window of a volume: made by `layers.averagePooling3d`, which says more. */
export class AveragePooling3D extends AveragePooling {
  readonly className = 'AveragePooling3D';

  constructor(options: PoolingOptions<Triple> = {}) {
    super(3, options);
  }
}

/**
 * The mean of each window of a volume: [n, depth, height, width, channels] to [n, outDepth, outHeight, outWidth, channels], float32. With
 * padding `valid` a side becomes (side − window) / strides + 1, rounded down; with `same` side / strides, rounded up. Places outside
 * of it do not count. It has no weights. https://keras.io/api/layers/pooling_layers/average_pooling3d/
 *
 * @throws EngineError `ARGUMENT` for windows and strides that are no positive integers; `SHAPE`, when applied, for another rank.
 * @example layers.averagePooling3d({ poolSize: 2 }); // each side half as long
 */
export const averagePooling3d = (options?: PoolingOptions<Triple>) => new AveragePooling3D(options);
