import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import { Pooling2D, type Pooling2DOptions } from './pooling2d.js';

/** The largest number of each window of an image: made by `layers.maxPooling2d`, which says more. */
export class MaxPooling2D extends Pooling2D {
  readonly className = 'MaxPooling2D';

  protected pool(x: Sym, options: Parameters<Pooling2D['pool']>[1]): Sym {
    return ops.maxPool2d(x, options);
  }
}

/**
 * The largest number of each window of an image: [n, height, width, channels] to [n, outHeight, outWidth, channels], float32. With
 * padding `valid` a side becomes (side − window) / strides + 1, rounded down; with `same` side / strides, rounded up. Places outside
 * of the image do not count. It has no weights. https://keras.io/api/layers/pooling_layers/max_pooling2d/
 *
 * @throws EngineError `ARGUMENT` for windows and strides that are no positive integers; `SHAPE`, when applied, for another rank.
 * @example layers.maxPooling2d({ poolSize: 2 }); // half as high and wide
 */
export const maxPooling2d = (options?: Pooling2DOptions) => new MaxPooling2D(options);
