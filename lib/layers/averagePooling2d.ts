import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import { Pooling2D, type Pooling2DOptions } from './pooling2d.js';

/** The mean of each window of an image: made by `layers.averagePooling2d`, which says more. */
export class AveragePooling2D extends Pooling2D {
  readonly className = 'AveragePooling2D';

  protected pool(x: Sym, options: Parameters<Pooling2D['pool']>[1]): Sym {
    return ops.avgPool2d(x, options);
  }
}

/**
 * The mean of each window of an image: [n, height, width, channels] to [n, outHeight, outWidth, channels], float32. With padding
 * `valid` a side becomes (side − window) / strides + 1, rounded down; with `same` side / strides, rounded up. Places outside of the
 * image do not count. It has no weights. https://keras.io/api/layers/pooling_layers/average_pooling2d/
 *
 * @throws EngineError `ARGUMENT` for windows and strides that are no positive integers; `SHAPE`, when applied, for another rank.
 * @example layers.averagePooling2d({ poolSize: 2 }); // half as high and wide
 */
export const averagePooling2d = (options?: Pooling2DOptions) => new AveragePooling2D(options);
