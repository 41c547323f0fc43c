import * as ops from '../ops/index.js';
import type { Sym } from '../sym.js';
import type { LayerOptions } from './layer.js';
import { Merge } from './merge.js';

/** The product of two or more inputs. https://keras.io/api/layers/merging_layers/multiply/ */
export class Multiply extends Merge {
  readonly className = 'Multiply';

  protected combine(a: Sym, b: Sym): Sym {
    return ops.mul(a, b);
  }
}

/** See {@link Multiply}. @example layers.multiply().apply([a, b]) */
export const multiply = (options?: LayerOptions) => new Multiply(options);
