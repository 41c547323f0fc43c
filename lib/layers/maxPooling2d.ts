import * as ops from '../ops/index.js';
import type { Sym } from '../sym.js';
import { Pooling2D, type Pooling2DOptions } from './pooling2d.js';

/** The largest number of each window: [n, height, width, channels] to [n, outHeight, outWidth, channels]. https://keras.io/api/layers/pooling_layers/max_pooling2d/ */
export class MaxPooling2D extends Pooling2D {
  readonly className = 'MaxPooling2D';

  protected pool(x: Sym, options: Parameters<Pooling2D['pool']>[1]): Sym {
    return ops.maxPool2d(x, options);
  }
}

/** See {@link MaxPooling2D}. @example layers.maxPooling2d({ poolSize: 2 }) */
export const maxPooling2d = (options?: Pooling2DOptions) => new MaxPooling2D(options);
