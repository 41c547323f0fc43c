import * as ops from '../ops/index.js';
import type { Sym } from '../sym.js';
import type { LayerOptions } from './layer.js';
import { Merge } from './merge.js';

/** The largest number at each place of two or more inputs. https://keras.io/api/layers/merging_layers/maximum/ */
export class Maximum extends Merge {
  readonly className = 'Maximum';

  protected combine(a: Sym, b: Sym): Sym {
    return ops.maximum(a, b);
  }
}

/** See {@link Maximum}. @example layers.maximum().apply([a, b]) */
export const maximum = (options?: LayerOptions) => new Maximum(options);
