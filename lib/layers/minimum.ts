import * as ops from '../ops/index.js';
import type { Sym } from '../sym.js';
import type { LayerOptions } from './layer.js';
import { Merge } from './merge.js';

/** The smallest number at each place of two or more inputs. https://keras.io/api/layers/merging_layers/minimum/ */
export class Minimum extends Merge {
  readonly className = 'Minimum';

  protected combine(a: Sym, b: Sym): Sym {
    return ops.minimum(a, b);
  }
}

/** See {@link Minimum}. @example layers.minimum().apply([a, b]) */
export const minimum = (options?: LayerOptions) => new Minimum(options);
