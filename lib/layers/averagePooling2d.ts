import * as ops from '../ops/index.js';
import type { Sym } from '../sym.js';
import { Pooling2D, type Pooling2DOptions } from './pooling2d.js';

/** The mean of each window: [n, height, width, channels] to [n, outHeight, outWidth, channels]. https://keras.io/api/layers/pooling_layers/average_pooling2d/ */
export class AveragePooling2D extends Pooling2D {
  readonly className = 'AveragePooling2D';

  protected pool(x: Sym, options: Parameters<Pooling2D['pool']>[1]): Sym {
    return ops.avgPool2d(x, options);
  }
}

/** See {@link AveragePooling2D}. @example layers.averagePooling2d({ poolSize: 2 }) */
export const averagePooling2d = (options?: Pooling2DOptions) => new AveragePooling2D(options);
